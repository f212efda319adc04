/** What the table is held to, from the promises. All in milliseconds. */

/** The product's own defaults, which the processes under test run with. */
const INTERVAL_MS = 2_000;
/** While all is well and nobody asks; moved about by a tenth, as every interval. */
const IDLE_INTERVAL_MS = 10_000;
const JITTER = 0.1;
const DEADLINE_MS = 1_000;
/** For so long after a report was asked for, somebody is asking. */
const IN_USE_FOR_MS = 5_000;

export const LIMITS = {
  detectMs: INTERVAL_MS + DEADLINE_MS + 1_000,
  idleDetectMs: IDLE_INTERVAL_MS * (1 + JITTER) + DEADLINE_MS + 1_000,
  healMs: INTERVAL_MS + 3_000,
  slowestMs: 250,
  p99Ms: 50,
} as const;

/** Nobody has asked for this long, and so the pace has become the slow one. */
export const QUIET_MS = IN_USE_FOR_MS + INTERVAL_MS;

/** Most questions that a probe may ask in a time. */
export function maxQueries(durationMs: number): number {
  return Math.ceil(durationMs / INTERVAL_MS) + 1;
}
