/** What the table is held to, from the promises. All in milliseconds. */

/** The product's own defaults, which the processes under test run with. */
const INTERVAL_MS = 2_000;
const DEADLINE_MS = 1_000;

export const LIMITS = {
  detectMs: INTERVAL_MS + DEADLINE_MS + 1_000,
  healMs: INTERVAL_MS + 3_000,
  slowestMs: 250,
  p99Ms: 50,
} as const;

/** Most questions that a probe may ask in a time. */
export function mostQuestions(durationMs: number): number {
  return Math.ceil(durationMs / INTERVAL_MS) + 1;
}
