/** The limits of the table, from the requirements. All in milliseconds. */

/** The product's own defaults, which the processes under test run with. */
const INTERVAL_MS = 2_000;
/** While all is well and no client requests a report. Every interval varies by a tenth. */
const IDLE_INTERVAL_MS = 10_000;
const JITTER = 0.1;
const DEADLINE_MS = 1_000;
/** For this long after a request the short interval is kept. */
const IN_USE_FOR_MS = 5_000;

export const LIMITS = {
  detectMs: INTERVAL_MS + DEADLINE_MS + 1_000,
  idleDetectMs: IDLE_INTERVAL_MS * (1 + JITTER) + DEADLINE_MS + 1_000,
  healMs: INTERVAL_MS + 3_000,
  slowestMs: 250,
  p99Ms: 50,
} as const;

/** Without requests for this long, the probes run at the slow interval. */
export const QUIET_MS = IN_USE_FOR_MS + INTERVAL_MS;

/** Most queries that a probe may send in a time. */
export function maxQueries(durationMs: number): number {
  return Math.ceil(durationMs / INTERVAL_MS) + 1;
}
