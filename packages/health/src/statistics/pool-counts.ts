/**
 * What the counters of a pool say at one moment. A member that is missing or throws is a count that is not known.
 */
import type { DatabaseStatistics } from '../types.js';
import type { PoolEvents } from './pool-throughput.js';

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

/** Each -1 while it cannot be read. */
export interface CountReading {
  readonly total: number;
  readonly idle: number;
  readonly waiting: number;
}

const UNREADABLE = -1;

export const NOT_READ: CountReading = { total: UNREADABLE, idle: UNREADABLE, waiting: UNREADABLE };

export function readCounts(pool: Partial<PoolCounts>): CountReading {
  return {
    total: count(pool, 'totalCount'),
    idle: count(pool, 'idleCount'),
    waiting: count(pool, 'waitingCount'),
  };
}

/** Whether there are as many connections as there may be. */
export function isComplete(pool: Partial<PoolCounts>, { total }: CountReading): boolean {
  const size = sizeOf(pool);
  return size !== null && total >= size;
}

export function figuresOf(pool: Partial<PoolCounts>, { total, idle }: CountReading): PoolFigures {
  const size = sizeOf(pool);
  const known = total >= 0 && idle >= 0 && idle <= total;
  return {
    size,
    checked_in: known ? idle : null,
    checked_out: known ? total - idle : null,
    overflow: known && size !== null ? Math.max(0, total - size) : null,
    total: known ? total : null,
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
