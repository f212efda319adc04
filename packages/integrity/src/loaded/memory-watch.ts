/**
 * Looks into memory: when asked for, and by itself every few minutes. What was found to differ stays told.
 */
import { LONGEST_TIMER_MS } from 'portal-shared/check-options';
import type { Inspection, LoadedFigures } from './figures.js';
import { wholeSeconds } from '../times.js';
import type { Match, MatchedScript } from './match.js';
import { lookIntoMemory, type MemoryLook } from './loaded.js';

export interface MemoryWatch {
  /** The last look where looks come by themselves; otherwise one of at most ten seconds ago. */
  inspect(): Promise<Inspection>;
  /** The first look, and then one every `intervalMs`. */
  start(): Promise<void>;
  close(): void;
}

export interface MemoryWatchOptions {
  /** Milliseconds between two looks; `undefined`: only when asked for. */
  readonly intervalMs: number | undefined;
  /** `undefined` until the tree has been hashed. */
  readonly match: (look: MemoryLook) => Promise<Match> | undefined;
  readonly onLook: (figures: LoadedFigures) => void;
}

const KEPT_MS = 10_000;
/** Looks of a fleet on one machine must not fall into step. */
const JITTER = 0.2;

export function createMemoryWatch({ intervalMs, match, onLook }: MemoryWatchOptions): MemoryWatch {
  let last: { readonly result: Promise<Inspection>; readonly atMs: number } | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;

  function look(): Promise<Inspection> {
    const result = lookOnce();
    last = { result, atMs: performance.now() };
    return result;
  }

  async function lookOnce(): Promise<Inspection> {
    const memory = await lookIntoMemory();
    if (!memory) throw new Error('This build of Node.js cannot tell which scripts it holds.');
    const found = await match(memory);
    if (!found) throw new Error('The source has not been hashed yet.');
    const inspection = inspectionOf(memory, found);
    const { matched: _, ...figures } = inspection;
    if (!isClosed) onLook(figures);
    return inspection;
  }

  function schedule(everyMs: number): void {
    if (isClosed) return;
    const delayMs = Math.min(everyMs * (1 - JITTER * Math.random()), LONGEST_TIMER_MS);
    timer = setTimeout(() => {
      void look()
        .catch(() => undefined)
        .then(() => schedule(everyMs));
    }, delayMs).unref();
  }

  return {
    inspect() {
      if (last && (timer || performance.now() - last.atMs < KEPT_MS)) return last.result;
      return look();
    },
    async start() {
      if (intervalMs === undefined || isClosed) return;
      // What it throws is told to whoever asks, and the next look may be luckier.
      await look().catch(() => undefined);
      schedule(intervalMs);
    },
    close() {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}

function inspectionOf(memory: MemoryLook, found: Match): Inspection {
  const { matched, scripts, process } = found;
  const pathsThat = (match: MatchedScript['match']) =>
    matched.filter((script) => script.match === match).map(({ path }) => path);
  const different = pathsThat('different');
  const unknown = pathsThat('unknown');
  const transformed = [...new Set(pathsThat('transformed'))];
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
