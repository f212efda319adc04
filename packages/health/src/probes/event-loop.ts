/**
 * Finds out when the event loop was blocked. A timer that comes late was kept waiting; how late it is, is the delay.
 *
 * A timer of our own rather than `monitorEventLoopDelay`, whose histogram keeps its maximum until it is reset
 * and counts a block that still goes on as none.
 */
import { DEFAULTS } from '../defaults.js';
import type { ProblemCode } from '../problems.js';

export interface EventLoopWatchOptions {
  /** Milliseconds by which the loop may be late. */
  readonly delayedAfterMs: number;
  /** Milliseconds for which a delay stays a finding; default 2,000, one interval of the probes. */
  readonly rememberedForMs?: number;
  /** Called when time has passed that the monotonic clock has not counted: the machine was suspended. */
  readonly onSuspended?: () => void;
  /** Whether to keep each delay with the CPU time of it, for reasons: 20 µs a tick. Default false. */
  readonly keepsBlocks?: boolean;
}

/** A time in which the event loop came to nothing. */
export interface LoopBlock {
  /** Monotonic. */
  readonly endedAtMs: number;
  readonly lateMs: number;
  /** CPU time of this process in it: little of it, and the process was stopped, held back or waited synchronously. */
  readonly cpuMs: number;
  /** How long this thread could have run in it, and others did; `null` where the system does not tell. */
  readonly waitedMs: number | null;
}

/** Watches the event loop from `start()` to `close()`. */
export interface EventLoopWatch {
  start(): void;
  /** `EVENT_LOOP_DELAYED` while the loop is late, or was within the time remembered. */
  problems(): readonly ProblemCode[];
  /** Takes back what was found until now: nobody waited for it. */
  forget(): void;
  /** The latest delays that are over, the last one last; none unless `keepsBlocks`. */
  blocks(): readonly LoopBlock[];
  close(): void;
}

/** Of blocks that are kept: at half a second each, those of half a minute. */
const MOST_BLOCKS = 64;
/** Clocks are set by less than this, or seldom, and what is then done costs one run. */
const SUSPENDED_MS = 2_000;

const NONE: readonly ProblemCode[] = Object.freeze([]);
const DELAYED: readonly ProblemCode[] = Object.freeze(['EVENT_LOOP_DELAYED'] as const);

/** Watches the event loop; holds neither the process nor, before `start()`, anything at all. */
export function createEventLoopWatch({
  delayedAfterMs,
  rememberedForMs = DEFAULTS.intervalMs,
  onSuspended = () => undefined,
  keepsBlocks = false,
}: EventLoopWatchOptions): EventLoopWatch {
  // A block is measured too short by up to one tick, so ticks are a tenth of what must not be missed.
  const tickMs = Math.min(100, Math.max(5, delayedAfterMs / 10));
  let timer: NodeJS.Timeout | undefined;
  let dueMs = Number.POSITIVE_INFINITY;
  let lateUntilMs = 0;
  /** The wall clock less the monotonic one: it moves when the clock is set, and when the machine was suspended. */
  let aheadMs = Number.NaN;
  let blocks: readonly LoopBlock[] = [];
  let cpuMs = 0;
  let waitedMs: number | null = null;

  /** Notes a delay; also right after a block, when a request may be served before the timer that was due first. */
  function note(): number {
    const nowMs = performance.now();
    if (nowMs - dueMs >= delayedAfterMs) lateUntilMs = nowMs + rememberedForMs;
    return nowMs;
  }

  /** At the end of every tick. */
  function noteBlock(nowMs: number): void {
    const lateMs = nowMs - dueMs;
    const { user, system } = process.cpuUsage();
    const beforeMs = cpuMs;
    cpuMs = (user + system) / 1_000;
    const waitedBeforeMs = waitedMs;
    waitedMs = waitedForProcessorMs();
    if (lateMs < delayedAfterMs) return;
    const waited = waitedMs === null || waitedBeforeMs === null ? null : waitedMs - waitedBeforeMs;
    const block = { endedAtMs: nowMs, lateMs, cpuMs: cpuMs - beforeMs, waitedMs: waited };
    blocks = [...blocks.slice(1 - MOST_BLOCKS), block];
  }

  return {
    start() {
      if (timer !== undefined) return;
      dueMs = performance.now() + tickMs;
      timer = setInterval(() => {
        const nowMs = note();
        if (keepsBlocks) noteBlock(nowMs);
        dueMs = nowMs + tickMs;
        const nowAheadMs = Date.now() - nowMs;
        if (nowAheadMs - aheadMs > SUSPENDED_MS) onSuspended();
        aheadMs = nowAheadMs;
      }, tickMs);
      timer.unref();
    },
    problems: () => (note() < lateUntilMs ? DELAYED : NONE),
    forget() {
      lateUntilMs = 0;
      if (timer !== undefined) dueMs = performance.now() + tickMs;
    },
    blocks: () => blocks,
    close() {
      clearInterval(timer);
      timer = undefined;
      dueMs = Number.POSITIVE_INFINITY;
    },
  };
}

/** Of this thread since it began, as Linux counts it: the second of three numbers, in nanoseconds. */
function waitedForProcessorMs(): number | null {
  try {
    const text = process.getBuiltinModule('node:fs').readFileSync('/proc/thread-self/schedstat', 'latin1');
    const [, nanoseconds] = /^\d+ (\d+) /.exec(text) ?? [];
    return nanoseconds === undefined ? null : Number(nanoseconds) / 1e6;
  } catch {
    return null;
  }
}
