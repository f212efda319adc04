/**
 * The application's own pool, read and never borrowed from: its figures, and whether callers get what they wait for.
 */
import { DEFAULTS } from '../defaults.js';
import type { ProblemCode } from '../problems.js';
import type { DatabaseStatistics } from '../types.js';

/** The members of a pool of `pg` that are read here. */
export interface PoolCounts {
  /** Connections there are, those still connecting included. */
  readonly totalCount: number;
  readonly idleCount: number;
  /** Callers who wait for a connection. */
  readonly waitingCount: number;
  /** What connections are made of, and `max`, the size of the pool. */
  readonly options: object;
  /** The class of its connections, which `pg` has and does not declare; to be given with a pool of another kind. */
  readonly Client?: unknown;
  on?(event: 'acquire' | 'release', listener: () => void): unknown;
  off?(event: 'acquire' | 'release', listener: () => void): unknown;
}

/** `db_statistics` without the latency, which the pool does not know. */
export type PoolFigures = Omit<DatabaseStatistics, 'latency_ms'>;

/** What a pool watch is made of. */
export interface PoolWatchOptions {
  /** A pool of `pg`; anything else has no figures to tell, and they are `null`. */
  readonly pool: object;
  /** Milliseconds of all connections in use and callers waiting before `DATABASE_POOL_SATURATED`; default 1,000. */
  readonly poolSaturatedAfterMs?: number;
  /** Milliseconds of callers waiting and none served before `DATABASE_POOL_STALLED`; default 10,000. */
  readonly poolStalledAfterMs?: number;
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
  findings(): readonly ProblemCode[];
  close(): void;
}

const NONE: readonly ProblemCode[] = Object.freeze([]);
const SATURATED: readonly ProblemCode[] = Object.freeze(['DATABASE_POOL_SATURATED'] as const);
const STALLED: readonly ProblemCode[] = Object.freeze(['DATABASE_POOL_STALLED'] as const);
const BOTH: readonly ProblemCode[] = Object.freeze([...SATURATED, ...STALLED]);

/** A count that cannot be read, kept apart from 0 without an object a reading. */
const UNREADABLE = -1;

/**
 * Watches `pool`: its counts a few times within the shortest of the two times, because waiting must be seen to go on
 * between requests, and its events, because they tell a caller who was served from one who gave up.
 */
export function createPoolWatch({
  pool: watched,
  poolSaturatedAfterMs = DEFAULTS.poolSaturatedAfterMs,
  poolStalledAfterMs = DEFAULTS.poolStalledAfterMs,
  now = () => performance.now(),
}: PoolWatchOptions): PoolWatch {
  // Each member is looked for before it is used.
  const pool = watched as Partial<PoolCounts>;
  let total = UNREADABLE;
  let idle = UNREADABLE;
  let waiting = UNREADABLE;
  /** Since when every look has found all connections in use and somebody waiting. */
  let saturatedSinceMs: number | undefined;
  /** Since when callers have waited and nobody has been served. */
  let unservedSinceMs: number | undefined;
  let lastWaitingMs = 0;

  const served = (): void => {
    unservedSinceMs = undefined;
  };
  const hasEvents = typeof pool.on === 'function' && typeof pool.off === 'function';
  if (hasEvents) {
    pool.on?.('acquire', served);
    pool.on?.('release', served);
  }

  /** Looks at the pool once. */
  function observe(): number {
    const nowMs = now();
    const totalBefore = total;
    const idleBefore = idle;
    const waitingBefore = waiting;
    total = count(pool, 'totalCount');
    idle = count(pool, 'idleCount');
    waiting = count(pool, 'waitingCount');
    const size = sizeOf(pool);

    const saturated = waiting > 0 && idle === 0 && size !== null && total >= size;
    saturatedSinceMs = saturated ? (saturatedSinceMs ?? nowMs) : undefined;

    if (waiting > 0) {
      // Without events, a count that moves is the only sign of life: fewer waiting, or another number of connections.
      const moved = waiting < waitingBefore || total !== totalBefore || idle !== idleBefore;
      if (!hasEvents && moved) served();
      unservedSinceMs ??= nowMs;
      lastWaitingMs = nowMs;
    } else if (!hasEvents || nowMs - lastWaitingMs > poolSaturatedAfterMs) {
      // With events nobody was served, or we would know: they gave up, and when they soon come again, as callers with
      // a timeout do, it is the same wait.
      served();
    }
    return nowMs;
  }

  const timer = setInterval(observe, Math.max(5, Math.min(poolSaturatedAfterMs, poolStalledAfterMs) / 4));
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
    findings() {
      const nowMs = observe();
      const saturated = saturatedSinceMs !== undefined && nowMs - saturatedSinceMs >= poolSaturatedAfterMs;
      const stalled = unservedSinceMs !== undefined && nowMs - unservedSinceMs >= poolStalledAfterMs;
      if (saturated) return stalled ? BOTH : SATURATED;
      return stalled ? STALLED : NONE;
    },
    close() {
      clearInterval(timer);
      if (!hasEvents) return;
      pool.off?.('acquire', served);
      pool.off?.('release', served);
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
