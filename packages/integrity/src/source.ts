/**
 * The source of the running application: hashed before it serves, watched while it runs, and answered for from
 * memory. A request never starts a hash.
 */
import { errorCode } from 'portal-shared/error-code';
import { RpcError } from 'portal-shared/rpc-thread';
import type { Differences } from './watch/drift.js';
import type { SourceEvent } from './watch/source-event.js';
import { createMemoryWatch } from './loaded/memory-watch.js';
import { startScanWorker, type ScanReply, type ScanWorker } from './watch/scan-worker.js';
import { checkSourceOptions, type SourceOptions } from './source-options.js';
import { startScanScheduler, type ScanScheduler } from './watch/scan-scheduler.js';
import { readExpected, watchExpiry } from './expected.js';
import type { ScanError, ScanErrorCode } from './scan/scan-error.js';
import { buildState, integrityProblems, sourceVerdict } from './state.js';
import type { Inspection } from './loaded/figures.js';
import type { IntegrityState, SourceSnapshot, IntegrityProblem } from './state.js';
import { noteLoaded } from './memory-event.js';

export type { SourceOptions } from './source-options.js';
export type { Inspection } from './loaded/figures.js';
export type { IntegrityState } from './state.js';
export type { SourceEvent } from './watch/source-event.js';

/** A watched source. */
export interface Source {
  /** Hashes the tree in a thread of its own. Kept when that is done; never rejects: see `problems()`. */
  start(): Promise<void>;
  /** The hash as of the start, 64 lower-case hexadecimal digits; `null` until it is known. */
  readonly hash: string | null;
  /** What is wrong with the source as far as is known, from memory. */
  problems(): readonly IntegrityProblem[];
  /** Calls `listener` whenever there may be something new to ask for. */
  onChange(listener: () => void): void;
  /** Everything known, from memory, for an administrator: holds file names. */
  state(): IntegrityState;
  /**
   * The scripts in memory against the tree as of the start. With `memoryIntervalMs` that is the last look; otherwise it
   * is looked now, which holds the event loop, and for that reason once in ten seconds at most.
   */
  inspect(): Promise<Inspection>;
  /** Stops watching and ends the thread. */
  close(): Promise<void>;
}

/** Entries that cannot have been there at the start, because the tree had a hash then. */
const INTRUDERS: ReadonlySet<ScanErrorCode> = new Set([
  'E_SYMLINK',
  'E_SPECIAL',
  'E_NAME',
  'E_NESTED',
  'E_EMPTY',
]);

/** Three scans and their jitter without a reply: what we know of the disk is stale. */
const STALE_AFTER_INTERVALS = 3.6;

/**
 * Watches the source below `options.root`. Nothing is read before `start()`.
 *
 * @example
 * ```ts
 * import { createHealth } from 'portal-health';
 * import { watchSource } from 'portal-integrity';
 *
 * const source = watchSource({ root: import.meta.dirname, exclude: ['./node_modules'] });
 * const health = createHealth({ source });
 * ```
 * @throws TypeError naming option, rule and value
 */
export function watchSource(options: SourceOptions): Source {
  const settings = checkSourceOptions(options);
  let snapshot = nothingKnown(settings.scope.exclude);
  let problems: readonly IntegrityProblem[] = [];
  const listeners = new Set<() => void>();
  let since = new Date();
  let scannedMs = 0;
  let worker: ScanWorker | undefined;
  let scheduler: ScanScheduler | undefined;
  let started: Promise<void> | undefined;
  let closed = false;
  let stopExpiry: () => void = () => undefined;

  function learn(changes: Partial<SourceSnapshot>): void {
    const before = sourceVerdict(snapshot);
    snapshot = { ...snapshot, ...changes };
    problems = integrityProblems(snapshot);
    if (sourceVerdict(snapshot) !== before) since = new Date();
    for (const listener of listeners) listener();
  }

  async function beginWatch(): Promise<void> {
    learn(await readExpected(settings));
    stopExpiry = watchExpiry(snapshot.expected?.expires ?? null, (statementRejected) =>
      learn({ statementRejected, expected: null }),
    );
    if (closed) return;
    const scope = { root: settings.scope.root, exclude: snapshot.exclude };
    const thread = startScanWorker({ scope, fsEvents: settings.watch }, () => scheduler?.onFsEvent());
    worker = thread;
    const hashed = thread.callAndHold('scan').then(noteScan);
    await Promise.all([hashed, memory.start(hashed)]);
    if (closed || !settings.watch) return;
    scheduler = startScanScheduler({
      scan: () => thread.call('scan'),
      reread: (budgetMs) => thread.call('reread', budgetMs),
      scanIntervalMs: settings.scanIntervalMs,
      files: () => snapshot.disk?.result.files ?? 0,
      onScan: noteScan,
      onReread: () => learn({ rereadAt: new Date() }),
      onEnd: noteEnd,
    });
  }

  function noteScan(reply: ScanReply): void {
    if (closed) return;
    const { scanErrors, changed } = reply;
    // The tree is being written to: what is known of the disk grows old, and is stale if that never ends.
    if (snapshot.disk && scanErrors.length > 0 && scanErrors.every(({ code }) => code === 'E_UNSTABLE')) {
      if (changed) learn(changed);
      return;
    }
    scannedMs = performance.now();
    const known = new Set(snapshot.events.map((event) => JSON.stringify(event)));
    learn(changesBy(reply, snapshot));
    for (const event of changed?.events.toReversed() ?? []) {
      if (!known.has(JSON.stringify(event))) emit(event, settings.onEvent);
    }
  }

  function noteEnd(error: unknown): void {
    if (!closed) learn({ scanErrors: [{ code: 'E_THREAD', path: '.', cause: causeOfEnd(error) }] });
  }

  const memory = createMemoryWatch({
    intervalMs: settings.memoryIntervalMs,
    follows: settings.followMemory,
    root: settings.scope.root,
    match: (look) => (snapshot.boot ? worker?.callAndHold('match', look) : undefined),
    onLook(figures) {
      const { changes, event } = noteLoaded(figures, snapshot);
      learn(changes);
      if (event) emit(event, settings.onEvent);
    },
  });

  function isStale(): boolean {
    if (!scheduler || closed) return false;
    return performance.now() - scannedMs > settings.scanIntervalMs * STALE_AFTER_INTERVALS;
  }

  return {
    start() {
      started ??= beginWatch().catch(noteEnd);
      return started;
    },
    get hash() {
      return snapshot.boot?.result.hash ?? null;
    },
    problems: () => (isStale() ? integrityProblems({ ...snapshot, scanErrors: [STALE] }) : problems),
    onChange(listener) {
      listeners.add(listener);
    },
    state: () => buildState(isStale() ? { ...snapshot, scanErrors: [STALE] } : snapshot, since),
    inspect: () => memory.inspect(),
    async close() {
      closed = true;
      stopExpiry();
      memory.close();
      scheduler?.close();
      await worker?.close();
    },
  };
}

/** Of an end without an exception there is no code. */
function causeOfEnd(error: unknown): string {
  if (!(error instanceof RpcError)) return errorCode(error);
  return error.cause === undefined ? 'ERR_WORKER_ENDED' : errorCode(error.cause);
}

const STALE: ScanError = { code: 'E_READ', path: '.', cause: 'ETIMEDOUT' };

function nothingKnown(exclude: readonly string[]): SourceSnapshot {
  return {
    exclude,
    expected: null,
    statementRejected: null,
    boot: null,
    disk: null,
    rereadAt: null,
    loaded: null,
    loadedDiffersSince: null,
    memoryEvents: [],
    driftedSince: null,
    differences: { added: 0, removed: 0, modified: 0, changes: [], more_changes: 0 },
    events: [],
    scanErrors: [],
  };
}

/** What is known after a scan, where it differs from what was known before. */
function changesBy(
  { result, scanErrors, hasIntruder, changed }: ScanReply,
  { boot, driftedSince }: SourceSnapshot,
): Partial<SourceSnapshot> {
  const at = new Date();
  const hasDrifted =
    boot !== null &&
    (result
      ? result.hash !== boot.result.hash
      : hasIntruder || scanErrors.some(({ code }) => INTRUDERS.has(code)) || isChanged(changed?.differences));
  return {
    scanErrors,
    ...(result ? { disk: { result, at }, boot: boot ?? { result, at } } : {}),
    ...(hasDrifted && !driftedSince ? { driftedSince: at } : {}),
    ...changed,
  };
}

/** What can be read goes on being compared while something cannot. */
function isChanged(differences: Differences | undefined): boolean {
  return differences !== undefined && differences.added + differences.removed + differences.modified > 0;
}

/** An exception of the listener does not stop the watch. */
function emit(event: SourceEvent, onEvent: (event: SourceEvent) => void): void {
  try {
    onEvent(event);
  } catch {
    // It is the application's own, and says nothing about the source.
  }
}
