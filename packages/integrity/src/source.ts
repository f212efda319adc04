/**
 * The source of the running application: hashed before it serves, watched while it runs, and answered for from
 * memory. A request never starts a hash.
 */
import { errorCode } from 'portal-shared/error-code';
import { RpcError } from 'portal-shared/rpc-thread';
import { projectOf } from './dependencies/lock-file.js';
import { setTimeout } from 'node:timers/promises';
import type { SourceEvent } from './watch/source-event.js';
import { createMemoryWatch } from './loaded/memory-watch.js';
import { startScanWorker, type ScanEvent, type ScanReply, type ScanWorker } from './watch/scan-worker.js';
import { checkSourceOptions, type SourceOptions } from './source-options.js';
import { startScanScheduler, type ScanScheduler } from './watch/scan-scheduler.js';
import { readExpected, watchExpiry } from './expected.js';
import { buildState, integrityProblems, sourceVerdict } from './state.js';
import type { Inspection } from './loaded/figures.js';
import type { IntegrityState, SourceSnapshot, IntegrityProblem } from './state.js';
import { noteLoaded } from './memory-event.js';
import { searchedElsewhere } from './dependencies/elsewhere.js';
import { dependenciesPending, noteDependencies, type DependencyState } from './dependency-state.js';
import { changesBy, nothingKnown, stillReading } from './source-snapshot.js';
import { createDependencyWatch, type DependencySettings } from './watch/dependency-watch.js';

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
  let progress: Exclude<ScanEvent, 'fs-event'> | undefined;
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
    if (settings.dependencies) learn({ dependencies: pendingOf(settings.dependencies) });
    stopExpiry = watchExpiry(snapshot.expected?.expires ?? null, (statementRejected) =>
      learn({ statementRejected, expected: null }),
    );
    if (closed) return;
    const scope = { root: settings.scope.root, exclude: snapshot.exclude };
    const { watch: fsEvents, maxFileBytes, lastRunFile } = settings;
    const thread = startScanWorker({ scope, fsEvents, maxFileBytes, lastRunFile }, (event) => {
      if (event === 'fs-event') scheduler?.onFsEvent();
      else progress = event;
    });
    worker = thread;
    const hashed = thread.callAndHold('scan').then(noteScan);
    const ready = Promise.all([hashed, memory.start(hashed)]);
    await withinDeadline(ready.then(() => keepWatching(thread)));
  }

  /** A tree that takes too long does not keep the application from serving; its hash follows. */
  async function withinDeadline(begun: Promise<void>): Promise<void> {
    const deadline = setTimeout(settings.startDeadlineMs, 'late', { ref: false });
    if ((await Promise.race([begun, deadline])) !== 'late' || closed) return;
    begun.catch(noteEnd);
    learn({ scanErrors: [stillReading(progress)] });
  }

  function keepWatching(thread: ScanWorker): void {
    if (closed) return;
    if (settings.dependencies ?? snapshot.expected?.node_binary) dependencies.start();
    if (!settings.watch) return;
    scheduler = startScanScheduler({
      scan: () => thread.call('scan'),
      reread: (budgetMs) => thread.call('reread', budgetMs),
      scanIntervalMs: settings.scanIntervalMs,
      files: () => snapshot.disk?.result.files ?? 0,
      onScan: noteScan,
      onReread: (rereadMs) => learn({ rereadAt: new Date(), rereadMs }),
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
    if (reply.lastRun) for (const event of snapshot.lastRunEvents) emit(event, settings.onEvent);
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

  const dependencies = createDependencyWatch({
    settings: settings.dependencies,
    watch: settings.watch,
    scanIntervalMs: settings.scanIntervalMs,
    onNews(news) {
      const { changes, event } = noteDependencies(news, snapshot);
      learn(changes);
      if (event) emit(event, settings.onEvent);
    },
  });

  function pendingOf({ lockFile, list }: DependencySettings): DependencyState {
    const signed = snapshot.expected?.dependencies_hash ?? null;
    return dependenciesPending(list !== undefined, signed, searchedElsewhere(projectOf(lockFile)));
  }

  function isStale(): boolean {
    if (!scheduler || closed) return false;
    return performance.now() - scannedMs > settings.scanIntervalMs * STALE_AFTER_INTERVALS;
  }

  const staleSnapshot = (): SourceSnapshot => ({ ...snapshot, scanErrors: [stillReading(progress)] });

  return {
    start() {
      started ??= beginWatch().catch(noteEnd);
      return started;
    },
    get hash() {
      return snapshot.boot?.result.hash ?? null;
    },
    problems: () => (isStale() ? integrityProblems(staleSnapshot()) : problems),
    onChange(listener) {
      listeners.add(listener);
    },
    state: () => buildState(isStale() ? staleSnapshot() : snapshot, since),
    inspect: () => memory.inspect(),
    async close() {
      closed = true;
      stopExpiry();
      memory.close();
      scheduler?.close();
      await Promise.all([worker?.close(), dependencies.close()]);
    },
  };
}

/** Of an end without an exception there is no code. */
function causeOfEnd(error: unknown): string {
  if (!(error instanceof RpcError)) return errorCode(error);
  return error.cause === undefined ? 'ERR_WORKER_ENDED' : errorCode(error.cause);
}

/** An exception of the listener does not stop the watch. */
function emit(event: SourceEvent, onEvent: (event: SourceEvent) => void): void {
  try {
    onEvent(event);
  } catch {
    // It is the application's own, and says nothing about the source.
  }
}
