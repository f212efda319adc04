/**
 * The application's own pool, read and never borrowed from: its figures, and whether callers get what they wait for.
 */
import { DEFAULTS } from '../defaults.js';
import type { ProblemCode } from '../problems.js';
import type { PoolEvidence } from '../verdict.js';
import {
  figuresOf,
  isComplete,
  NOT_READ,
  readCounts,
  type CountReading,
  type PoolCounts,
  type PoolFigures,
} from './pool-counts.js';
import { createPoolThroughput } from './pool-throughput.js';
import { createPoolWaits } from './pool-waits.js';

/** What a pool watch is made of. */
export interface PoolWatchOptions {
  /** A pool of `pg`; anything else has no figures to tell, and they are `null`. */
  readonly pool: object;
  /** Milliseconds that callers wait for a connection before `DATABASE_POOL_SATURATED`; default 1,000. */
  readonly poolSaturatedAfterMs?: number;
  /** Milliseconds of callers waiting and none served before `DATABASE_POOL_STALLED`; default 10,000. */
  readonly poolStalledAfterMs?: number;
  /** Told when callers begin to wait, when nobody is served any more, and when the server has failed a caller. */
  readonly onChange?: () => void;
  /** Monotonic clock in milliseconds, for tests. */
  readonly now?: () => number;
}

/** Watches a pool from its making until `close()`. */
export interface PoolWatch {
  /** Callers who wait for a connection, as of the last reading; `null` when the pool does not tell. */
  waiting(): number | null;
  /** The figures at this moment; a figure that the pool does not tell, or that makes no sense, is `null`. */
  read(): PoolFigures;
  /**
   * `DATABASE_POOL_SATURATED` and `DATABASE_POOL_STALLED`, as they hold at this moment. Callers also wait while the
   * server is gone, so these mean something only while the server answers: whoever reports must drop them otherwise.
   */
  problems(): readonly ProblemCode[];
  /** What the pool says for the database, at this moment, after a fresh connection has failed as told. */
  evidence(failure: FreshFailure): PoolEvidence;
  close(): void;
}

/** How a fresh connection has failed. Times monotonic, in milliseconds. */
export interface FreshFailure {
  /** When the run began, and when its outcome came in. */
  readonly beganMs: number;
  readonly endedMs: number;
  /** When the first of the runs began that have failed like this since. */
  readonly sinceMs: number;
  readonly problems: readonly ProblemCode[];
}

const NONE: readonly ProblemCode[] = Object.freeze([]);
const SATURATED: readonly ProblemCode[] = Object.freeze(['DATABASE_POOL_SATURATED'] as const);
const STALLED: readonly ProblemCode[] = Object.freeze(['DATABASE_POOL_STALLED'] as const);
const BOTH: readonly ProblemCode[] = Object.freeze([...SATURATED, ...STALLED]);

/** A refusal is over at once: who was served within this time before it was served while fresh connections failed. */
const SERVED_BEFORE_MS = 1_000;

/**
 * Watches `pool`: its counts a few times within the shortest of the two times, because waiting must be seen to go on
 * between requests, and its events, because they tell a caller who was served from one who gave up.
 */
export function createPoolWatch({
  pool: watched,
  poolSaturatedAfterMs = DEFAULTS.poolSaturatedAfterMs,
  poolStalledAfterMs = DEFAULTS.poolStalledAfterMs,
  onChange: onSign = () => undefined,
  now = () => performance.now(),
}: PoolWatchOptions): PoolWatch {
  // Each member is looked for before it is used.
  const pool = watched as Partial<PoolCounts>;
  const tickMs = Math.max(5, Math.min(poolSaturatedAfterMs, poolStalledAfterMs) / 4);
  let counts = NOT_READ;

  const waits = createPoolWaits({
    saturatedAfterMs: poolSaturatedAfterMs,
    stalledAfterMs: poolStalledAfterMs,
    tickMs,
    isReported: () => movement.isReported,
    onSign,
  });
  const movement = createPoolThroughput(pool, { now, onMove: waits.moved, onFailed: onSign });

  /** Looks at the pool once. */
  function observe(): number {
    const nowMs = now();
    const before = counts;
    counts = readCounts(pool);
    if (!movement.isReported) noteMovement(before);
    const isFull = isComplete(pool, counts) && counts.idle === 0;
    waits.look({ nowMs, waiting: counts.waiting, isFull, isNew: before.waiting <= 0 });
    return nowMs;
  }

  /** Without events, a count that moves is the only sign of life: fewer waiting, or another number of connections. */
  function noteMovement(before: CountReading): void {
    const { total, idle, waiting } = counts;
    if (waiting < before.waiting || total !== before.total || idle !== before.idle) waits.moved();
    if (before.idle >= 0 && idle > before.idle && total >= before.total) movement.served();
  }

  /** The last in the queue waits for as long as it takes to return as many connections as there are callers before it. */
  function isSaturated(nowMs: number): boolean {
    const sinceMs = waits.fullSinceMs();
    if (sinceMs === undefined || nowMs - sinceMs < poolSaturatedAfterMs) return false;
    if (!movement.isReported || waits.isUnserved(nowMs, poolSaturatedAfterMs)) return true;
    return counts.waiting > (movement.returnsASecond(sinceMs) * poolSaturatedAfterMs) / 1_000;
  }

  const timer = setInterval(observe, tickMs);
  timer.unref();

  return {
    waiting: () => (counts.waiting >= 0 ? counts.waiting : null),
    read() {
      observe();
      return figuresOf(pool, counts);
    },
    problems() {
      const nowMs = observe();
      const saturated = isSaturated(nowMs);
      const stalled = waits.isUnserved(nowMs, poolStalledAfterMs);
      if (saturated) return stalled ? BOTH : SATURATED;
      return stalled ? STALLED : NONE;
    },
    evidence({ beganMs, endedMs, sinceMs, problems }) {
      const nowMs = observe();
      const servedAtMs = movement.servedAtMs();
      // One that was not answered in time may have begun just after the server had served its last caller.
      const isTimeout = problems.includes('DATABASE_TIMEOUT');
      const fromMs = isTimeout ? beganMs : Math.min(beganMs, endedMs - SERVED_BEFORE_MS);
      const isIdle = counts.waiting === 0 && counts.idle === counts.total;
      // Nobody asks, so nothing moves. A server that is full has answered; and who was served since it began is served.
      const mayBeIdle = problems.includes('DATABASE_TOO_MANY_CONNECTIONS') || servedAtMs >= sinceMs;
      const isFailing = movement.failedAtMs() > servedAtMs || waits.isUnserved(nowMs, poolSaturatedAfterMs);
      return {
        complete: isComplete(pool, counts),
        served: !isFailing && (servedAtMs >= fromMs || (isIdle && mayBeIdle)),
      };
    },
    close() {
      clearInterval(timer);
      movement.close();
    },
  };
}
