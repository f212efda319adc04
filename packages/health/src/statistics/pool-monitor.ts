/**
 * The pool of the application as it is now: there may be none yet, and it may be another one tomorrow.
 */
import type { ProblemCode } from '../problems.js';
import type { PoolEvidence } from '../verdict.js';
import type { PoolFigures } from './pool-counts.js';
import { createPoolWatch, type FreshFailure, type PoolWatchOptions } from './pool.js';

/** What a pool says at one moment. */
export interface PoolStatus {
  /** `undefined` while there is none. */
  readonly figures: PoolFigures | undefined;
  readonly waiting: number | null;
  readonly problems: readonly ProblemCode[];
}

/** Watches whatever pool it was last told to follow. */
export interface PoolMonitor {
  readonly follow: (pool: object | undefined) => void;
  /** What is followed now. */
  pool(): object | undefined;
  read(): PoolStatus;
  evidence(failure: FreshFailure): PoolEvidence | undefined;
  close(): void;
}

const NO_POOL: PoolStatus = Object.freeze({
  figures: undefined,
  waiting: null,
  problems: Object.freeze([]),
});

/** Follows nothing yet. */
export function createPoolMonitor(options: Omit<PoolWatchOptions, 'pool'>): PoolMonitor {
  let pool: object | undefined;
  let watch: ReturnType<typeof createPoolWatch> | undefined;
  let closed = false;

  return {
    follow(given) {
      if (closed || given === pool) return;
      watch?.close();
      pool = given;
      watch = given && createPoolWatch({ ...options, pool: given });
    },
    pool: () => pool,
    read() {
      if (!watch) return NO_POOL;
      const figures = watch.read();
      return { figures, waiting: watch.waiting(), problems: watch.problems() };
    },
    evidence: (failure) => watch?.evidence(failure),
    close() {
      closed = true;
      watch?.close();
    },
  };
}
