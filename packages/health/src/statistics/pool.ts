/**
 * The application's own pool, read and never borrowed from: its figures, and whether callers get what they wait for.
 */
import { DEFAULTS } from '../defaults.js';
import type { ProblemCode } from '../problems.js';
import type { DatabaseStatistics } from '../types.js';
import type { PoolEvidence } from '../verdict.js';
import { createPoolThroughput, type PoolEvents } from './pool-throughput.js';
import { createPoolWaits } from './pool-waits.js';

/** The members of a pool of `pg` that are read here. */
export interface PoolCounts extends PoolEvents {
  /** Connections there are, those still connecting included. */
  readonly totalCount: number;
  readonly idleCount: number;
  /** Callers who wait for a connection. */
  readonly waitingCount: number;
  /** What connections are made of, and `max`, the size of the pool. */
  readonly options: object;
  /** The class of its connections, which `pg` has and does not declare; to be given with a pool of another kind. */
  readonly Client?: unknown;
  /**
   * Of a description, the pool that it stands for, where it is one of tarn (Knex) or sequelize-pool: who holds its
   * connections is read from it.
   */
  readonly describes?: object;
  /** Of a description, how to learn of every checkout; what it gives back, if it is a function, ends that. */
  onAcquire?(listener: (connection: object) => void): unknown;
  /** The same for every return. */
  onRelease?(listener: (connection: object) => void): unknown;
}

/** `db_statistics` without the latency, which the pool does not know. */
export type PoolFigures = Omit<DatabaseStatistics, 'latency_ms'>;

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

/** A count that cannot be read, kept apart from 0 without an object a reading. */
const UNREADABLE = -1;

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
  let total = UNREADABLE;
  let idle = UNREADABLE;
  let waiting = UNREADABLE;

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
    const before = { total, idle, waiting };
    total = count(pool, 'totalCount');
    idle = count(pool, 'idleCount');
    waiting = count(pool, 'waitingCount');
    if (!movement.isReported) readCounts(before);
    waits.look({ nowMs, waiting, isFull: isComplete() && idle === 0, isNew: before.waiting <= 0 });
    return nowMs;
  }

  /** Without events, a count that moves is the only sign of life: fewer waiting, or another number of connections. */
  function readCounts(before: {
    readonly total: number;
    readonly idle: number;
    readonly waiting: number;
  }): void {
    if (waiting < before.waiting || total !== before.total || idle !== before.idle) waits.moved();
    if (before.idle >= 0 && idle > before.idle && total >= before.total) movement.served();
  }

  function isComplete(): boolean {
    const size = sizeOf(pool);
    return size !== null && total >= size;
  }

  /** The last in the queue waits for as long as it takes to return as many connections as there are callers before it. */
  function isSaturated(nowMs: number): boolean {
    const sinceMs = waits.fullSinceMs();
    if (sinceMs === undefined || nowMs - sinceMs < poolSaturatedAfterMs) return false;
    if (!movement.isReported || waits.isUnserved(nowMs, poolSaturatedAfterMs)) return true;
    return waiting > (movement.returnsASecond(sinceMs) * poolSaturatedAfterMs) / 1_000;
  }

  const timer = setInterval(observe, tickMs);
  timer.unref();

  return {
    waiting: () => (waiting >= 0 ? waiting : null),
    read() {
      observe();
      const size = sizeOf(pool);
      const known = total >= 0 && idle >= 0 && idle <= total;
      return {
        size,
        checked_in: known ? idle : null,
        checked_out: known ? total - idle : null,
        overflow: known && size !== null ? Math.max(0, total - size) : null,
        total: known ? total : null,
      };
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
      const isIdle = waiting === 0 && idle === total;
      // Nobody asks, so nothing moves. A server that is full has answered; and who was served since it began is served.
      const mayBeIdle = problems.includes('DATABASE_TOO_MANY_CONNECTIONS') || servedAtMs >= sinceMs;
      const isFailing = movement.failedAtMs() > servedAtMs || waits.isUnserved(nowMs, poolSaturatedAfterMs);
      return {
        complete: isComplete(),
        served: !isFailing && (servedAtMs >= fromMs || (isIdle && mayBeIdle)),
      };
    },
    close() {
      clearInterval(timer);
      movement.close();
    },
  };
}

function count(pool: Partial<PoolCounts>, name: 'totalCount' | 'idleCount' | 'waitingCount'): number {
  try {
    const value: unknown = pool[name];
    return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : UNREADABLE;
  } catch {
    return UNREADABLE;
  }
}

function sizeOf(pool: Partial<PoolCounts>): number | null {
  try {
    const { max } = pool.options as { readonly max?: unknown };
    return typeof max === 'number' && Number.isInteger(max) && max > 0 ? max : null;
  } catch {
    return null;
  }
}
