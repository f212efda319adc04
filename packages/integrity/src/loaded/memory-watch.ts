/**
 * Looks into memory: when asked for, and by itself every few minutes. What was found to differ stays told.
 */
import { LONGEST_TIMER_MS } from 'portal-shared/check-options';
import type { Inspection, LoadedFigures } from './figures.js';
import { wholeSeconds } from '../times.js';
import type { Match, MatchedScript } from './match.js';
import type { FollowedScripts } from './follow.js';
import { createMemoryReader, type MemoryLook } from './loaded.js';

export interface MemoryWatch {
  /** The last look where looks come by themselves; otherwise one of at most ten seconds ago. */
  inspect(): Promise<Inspection>;
  /** The first look, while the tree is being hashed, and then one every `intervalMs`. */
  start(hashed: Promise<void>): Promise<void>;
  close(): void;
}

export interface MemoryWatchOptions {
  /** Milliseconds between two looks; `undefined`: only when asked for. */
  readonly intervalMs: number | undefined;
  /** Whether V8 tells every script as it compiles it; see MemoryReaderOptions. */
  readonly follows: boolean | FollowedScripts;
  /** `undefined` until the tree has been hashed. */
  readonly match: (look: MemoryLook) => Promise<Match> | undefined;
  readonly onLook: (figures: LoadedFigures) => void;
}

const KEPT_MS = 10_000;
/** Looks of a fleet on one machine must not fall into step. */
const JITTER = 0.2;
/** A module is often the first of many. */
const NEW_SCRIPT_DELAY_MS = 2_000;

export function createMemoryWatch({ intervalMs, follows, match, onLook }: MemoryWatchOptions): MemoryWatch {
  const reader = createMemoryReader({ follows, onScript: () => hurry() });
  let dueMs = Number.POSITIVE_INFINITY;
  let last: { readonly result: Promise<Inspection>; readonly atMs: number } | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;

  function look(hashed?: Promise<void>): Promise<Inspection> {
    const result = lookOnce(hashed);
    last = { result, atMs: performance.now() };
    return result;
  }

  async function lookOnce(hashed: Promise<void> | undefined): Promise<Inspection> {
    const memory = reader.look();
    await hashed;
    if (!memory) throw new Error('This build of Node.js cannot tell which scripts it holds.');
    const found = await match(memory);
    if (!found) throw new Error('The source has not been hashed yet.');
    const inspection = inspectionOf(memory, found);
    const { matched: _, ...figures } = inspection;
    if (!isClosed) onLook(figures);
    return inspection;
  }

  function schedule(everyMs: number): void {
    lookIn(Math.min(everyMs * (1 - JITTER * Math.random()), LONGEST_TIMER_MS), everyMs);
  }

  function lookIn(delayMs: number, everyMs: number): void {
    if (isClosed) return;
    clearTimeout(timer);
    dueMs = performance.now() + delayMs;
    timer = setTimeout(() => {
      dueMs = Number.NEGATIVE_INFINITY;
      void look()
        .catch(() => undefined)
        .then(() => schedule(everyMs));
    }, delayMs).unref();
  }

  /** Something was loaded: the next look is not far. */
  function hurry(): void {
    const isFar = dueMs - performance.now() > NEW_SCRIPT_DELAY_MS;
    if (timer && isFar && intervalMs !== undefined) lookIn(NEW_SCRIPT_DELAY_MS, intervalMs);
  }

  return {
    inspect() {
      if (last && (timer || performance.now() - last.atMs < KEPT_MS)) return last.result;
      return look();
    },
    async start(hashed) {
      if (intervalMs === undefined || isClosed) return;
      // What it throws is told to whoever asks, and the next look may be luckier.
      await look(hashed).catch(() => undefined);
      schedule(intervalMs);
    },
    close() {
      isClosed = true;
      clearTimeout(timer);
      reader.close();
    },
  };
}

function inspectionOf(memory: MemoryLook, found: Match): Inspection {
  const { matched, scripts, process } = found;
  const pathsThat = (match: MatchedScript['match']) => [
    ...new Set(matched.filter((script) => script.match === match).map(({ path }) => path)),
  ];
  const different = pathsThat('different');
  const unknown = pathsThat('unknown');
  const transformed = pathsThat('transformed');
  return {
    inspected_at: wholeSeconds(new Date()),
    state:
      different.length + unknown.length > 0
        ? 'different'
        : scripts === 0 || !process.nodeChecked
          ? 'open'
          : transformed.length > 0
            ? 'transformed'
            : 'same',
    scripts,
    different,
    unknown,
    transformed,
    outside: found.outside,
    packages: found.outsidePackages,
    evaluated: found.evaluated,
    evaluated_digests: found.evaluatedDigests,
    process: {
      node_options: process.nodeOptions,
      exec_argv: memory.execArgv,
      preloads: process.preloads,
      loader_hooks: process.hasHooks,
      inspector_open: memory.isInspectorOpen,
      workers: memory.workers,
      addons: process.addons,
    },
    held_ms: Math.round(memory.heldMs * 10) / 10,
    matched,
  };
}
