/**
 * How often everything is read again, whatever its stamps say: together, the source and its dependencies cost at most a share of
 * one processor. Who reads alone has all of the share, so that a large `node_modules` is read through in time beside a small source.
 */

/** Shared by all that read again. */
export interface Duty {
  /** Notes what a portion has cost, in milliseconds of one processor, and tells after how many more may come. */
  restAfter(spentMs: number): number;
}

/** Scans, waking threads and cold caches come on top: together it stays below a hundredth. */
const SHARE = 0.005;

/** @param now - a clock in milliseconds */
export function createDuty(now: () => number = () => performance.now()): Duty {
  /** When all that was spent has been rested for. */
  let restedMs = Number.NEGATIVE_INFINITY;
  return {
    restAfter(spentMs) {
      const nowMs = now();
      restedMs = Math.max(restedMs, nowMs) + spentMs * (1 / SHARE - 1);
      return restedMs - nowMs;
    },
  };
}
