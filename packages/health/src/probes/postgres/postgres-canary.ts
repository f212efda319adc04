/**
 * One small query through a pool that has no figures: how long it waits is how long callers wait. It borrows a
 * connection for a moment, so it is asked only where it is wanted.
 */
import { DEFAULTS } from '../../defaults.js';
import { optionError } from 'portal-shared/check-options';
import type { ProblemCode } from '../../problems.js';
import { isPostgresJs } from './postgres-js.js';

/** When a question that waits means what. */
export interface CanaryOptions {
  readonly poolSaturatedAfterMs?: number;
  readonly poolStalledAfterMs?: number;
}

/** Asks through `pool`, an instance of postgres.js; what is still open is never joined by another. */
export function createCanary(
  pool: unknown,
  {
    poolSaturatedAfterMs = DEFAULTS.poolSaturatedAfterMs,
    poolStalledAfterMs = DEFAULTS.poolStalledAfterMs,
  }: CanaryOptions,
): { run(): readonly ProblemCode[] } {
  if (!isPostgresJs(pool))
    throw optionError('database.canary', 'to be given with an instance of postgres.js', true);
  const sql = pool as { unsafe(text: string): PromiseLike<unknown> };
  let sinceMs: number | undefined;

  function ask(): void {
    sinceMs = performance.now();
    const ended = (): void => {
      sinceMs = undefined;
    };
    try {
      // A query that fails has not waited for others. The probe reports what is wrong.
      sql.unsafe('SELECT 1').then(ended, ended);
    } catch {
      ended();
    }
  }

  return {
    run() {
      if (sinceMs === undefined) {
        ask();
        return [];
      }
      const waitedMs = performance.now() - sinceMs;
      if (waitedMs < poolSaturatedAfterMs) return [];
      return waitedMs < poolStalledAfterMs
        ? ['DATABASE_POOL_SATURATED']
        : ['DATABASE_POOL_SATURATED', 'DATABASE_POOL_STALLED'];
    },
  };
}
