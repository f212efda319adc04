/**
 * The source of the running application: hashed before it serves, watched while it runs, and answered for from
 * memory. A request never starts a hash.
 */
import type { SourceEvent } from './watch/drift.js';
import type { MatchedScript } from './loaded/match.js';
import type { ScanReply, ScanWorker } from './watch/scan-worker.js';
import { checkSourceOptions, type SourceOptions } from './source-options.js';
import type { ScanScheduler } from './watch/scan-scheduler.js';
import type { ScanError, ScanErrorCode } from './scan/scan-error.js';
import { buildState, sourceProblems, sourceVerdict } from './state.js';
import type {
  ExpectedSource,
  IntegrityState,
  LoadedFigures,
  SourceSnapshot,
  SourceProblem,
} from './state.js';
import { wholeSeconds } from './times.js';

export type { SourceOptions } from './source-options.js';
export type { IntegrityState } from './state.js';
export type { SourceEvent } from './watch/drift.js';

/** A watched source. */
export interface Source {
  /** Hashes the tree in a thread of its own. Kept when that is done; never rejects: see `problems()`. */
  start(): Promise<void>;
  /** The hash as of the start, 64 lower-case hexadecimal digits; `null` until it is known. */
  readonly hash: string | null;
  /** What is wrong with the source as far as is known, from memory. */
  problems(): readonly SourceProblem[];
  /** Calls `listener` whenever there may be something new to ask for. */
  onChange(listener: () => void): void;
  /** Everything known, from memory, for an administrator: holds file names. */
  state(): IntegrityState;
  /**
   * Compares the scripts in memory with the tree as of the start. Holds the event loop for about 0.1 ms a script,
   * which is why it is done once in ten seconds at most, however often it is asked for.
   */
  inspect(): Promise<Inspection>;
  /** Stops watching and ends the thread. */
  close(): Promise<void>;
}

/** The scripts in memory. */
export interface Inspection extends LoadedFigures {
  /** Every script of the tree, in the order of the paths. */
  readonly matched: readonly MatchedScript[];
}

/** Entries that cannot have been there at the start, because the tree had a hash then. */
const INTRUDERS: ReadonlySet<ScanErrorCode> = new Set(['E_SYMLINK', 'E_SPECIAL', 'E_NAME', 'E_EMPTY']);

/** Three sweeps and their jitter without a word from the disk: what we know of it is stale. */
const STALE_AFTER_INTERVALS = 3.6;
const INSPECTION_KEPT_MS = 10_000;

/**
 * Watches the source below `options.root`. Nothing is read before `start()`.
 *
 * @example
 * ```ts
 * import { createHealth } from 'portal-health';
 * import { watchSource } from 'portal-integrity';
 *
 * const source = watchSource({ root: import.meta.dirname, exclude: ['node_modules'] });
 * const health = createHealth({ source });
 * ```
 * @throws TypeError naming option, rule and value
 */
export function watchSource(options: SourceOptions): Source {
  const settings = checkSourceOptions(options);
  let facts = nothingKnown(settings.scope.exclude);
  let problems: readonly SourceProblem[] = [];
  const listeners = new Set<() => void>();
  let since = new Date();
  let scannedMs = 0;
  let worker: ScanWorker | undefined;
  let scheduler: ScanScheduler | undefined;
  let started: Promise<void> | undefined;
  let inspection: { readonly result: Promise<Inspection>; readonly untilMs: number } | undefined;
  let closed = false;

  function learn(news: Partial<SourceSnapshot>): void {
    const before = sourceVerdict(facts);
    facts = { ...facts, ...news };
    problems = sourceProblems(facts);
    if (sourceVerdict(facts) !== before) since = new Date();
    for (const listener of listeners) listener();
  }

  /** What it takes is read only now: most of an application's start is reading modules, and not all have a source. */
  async function beginWatch(): Promise<void> {
    const [{ startScanWorker }, { startScanScheduler }] = await Promise.all([
      import('./watch/scan-worker.js'),
      import('./watch/scan-scheduler.js'),
    ]);
    if (settings.statement) await readStatement(settings.statement);
    else if (settings.expectedHash !== undefined) learn({ expected: byHand(settings.expectedHash) });
    if (closed) return;
    const scope = { root: settings.scope.root, exclude: facts.exclude };
    const thread = startScanWorker({ scope, fsEvents: settings.watch }, () => scheduler?.onFsEvent());
    worker = thread;
    try {
      noteScan(await thread.callAndHold('scan'));
    } catch {
      noteEnd();
    }
    if (closed || !settings.watch) return;
    scheduler = startScanScheduler({
      scan: () => thread.call('scan'),
      reread: (budgetMs) => thread.call('reread', budgetMs),
      scanIntervalMs: settings.scanIntervalMs,
      files: () => facts.disk?.result.files ?? 0,
      onScan: noteScan,
      onReread: () => learn({ rereadAt: new Date() }),
      onEnd: noteEnd,
    });
  }

  async function readStatement(statement: NonNullable<typeof settings.statement>): Promise<void> {
    const [{ readFile }, { acceptStatement }, { StatementError }] = await Promise.all([
      import('node:fs/promises'),
      import('./release/statement.js'),
      import('./release/statement-error.js'),
    ]);
    try {
      const text = await readFile(statement.file, 'utf8').catch(() => {
        throw new StatementError('E_FILE');
      });
      const accepted = acceptStatement(text, { ...statement, now: new Date() });
      learn({
        exclude: accepted.exclude,
        expected: {
          source_hash: accepted.sourceHash,
          by: 'statement',
          version: accepted.version,
          sequence: accepted.sequence,
          created: accepted.created,
          expires: accepted.expires,
          key_ids: accepted.keyIds,
        },
      });
    } catch (error) {
      if (!(error instanceof StatementError)) throw error;
      learn({ statementRejected: error.message });
    }
  }

  function noteScan({ result: survey, scanErrors: refusals, changed: news }: ScanReply): void {
    if (closed) return;
    // Somebody is writing: what is known of the disk grows old, and is stale if it never ends.
    if (facts.disk && refusals.length > 0 && refusals.every(({ code }) => code === 'E_UNSTABLE')) return;
    scannedMs = performance.now();
    const at = new Date();
    const { boot } = facts;
    const drifted =
      boot !== null &&
      (survey ? survey.hash !== boot.result.hash : refusals.some(({ code }) => INTRUDERS.has(code)));
    learn({
      scanErrors: refusals,
      ...(survey ? { disk: { result: survey, at }, boot: boot ?? { result: survey, at } } : {}),
      ...(drifted && !facts.driftedSince ? { driftedSince: at } : {}),
      ...news,
    });
    const [event] = news?.events ?? [];
    if (event) tell(event);
  }

  /** What the application does with it is not allowed to stop the watch. */
  function tell(event: SourceEvent): void {
    try {
      settings.onEvent(event);
    } catch {
      // The listener is the application's own; its failure is not a finding about the source.
    }
  }

  function noteEnd(): void {
    if (!closed) learn({ scanErrors: [{ code: 'E_READ', path: '.', cause: 'ERR_WORKER_ENDED' }] });
  }

  function isStale(): boolean {
    if (!scheduler || closed) return false;
    return performance.now() - scannedMs > settings.scanIntervalMs * STALE_AFTER_INTERVALS;
  }

  async function inspectNow(): Promise<Inspection> {
    const { listLoadedScripts } = await import('./loaded/loaded.js');
    const loaded = await listLoadedScripts();
    if (!loaded) throw new Error('This build of Node.js cannot tell which scripts it holds.');
    if (!worker) throw new Error('The source has not been hashed yet.');
    const { scripts, outside } = await worker.callAndHold('match', loaded.scripts);
    const pathsThat = (match: MatchedScript['match']) =>
      scripts.filter((script) => script.match === match).map(({ path }) => path);
    const figures: LoadedFigures = {
      inspected_at: wholeSeconds(new Date()),
      scripts: scripts.length,
      different: pathsThat('different'),
      unknown: pathsThat('unknown'),
      outside,
      evaluated: loaded.evaluated,
    };
    learn({ loaded: figures });
    return { ...figures, matched: scripts };
  }

  return {
    start() {
      started ??= beginWatch();
      return started;
    },
    get hash() {
      return facts.boot?.result.hash ?? null;
    },
    problems: () => (isStale() ? sourceProblems({ ...facts, scanErrors: [STALE] }) : problems),
    onChange(listener) {
      listeners.add(listener);
    },
    state: () => buildState(isStale() ? { ...facts, scanErrors: [STALE] } : facts, since),
    inspect() {
      const nowMs = performance.now();
      if (!inspection || nowMs >= inspection.untilMs) {
        inspection = { result: inspectNow(), untilMs: nowMs + INSPECTION_KEPT_MS };
      }
      return inspection.result;
    },
    async close() {
      closed = true;
      scheduler?.close();
      await worker?.close();
    },
  };
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
    driftedSince: null,
    differences: { added: 0, removed: 0, modified: 0, changes: [], more_changes: 0 },
    events: [],
    scanErrors: [],
  };
}

function byHand(hash: string): ExpectedSource {
  return {
    source_hash: hash,
    by: 'hand',
    version: null,
    sequence: null,
    created: null,
    expires: null,
    key_ids: [],
  };
}
