/**
 * How long the last result counts. After a pause of this process, such as a blocked loop, it counts until one run has had
 * its chance. All times are monotonic, in milliseconds.
 */
export interface Freshness {
  isStale(nowMs: number, isHindered: boolean): boolean;
  /** Whether only a run that has not had its chance decides. */
  waitsForRun(nowMs: number): boolean;
  /** The next time after the one given at which the last result may become stale by itself. */
  changesAtMs(nowMs: number): number;
  /** There is a new result, or the last one stands. */
  renew(): void;
  /** A run has ended and found out nothing. */
  noteFruitlessRun(): void;
  /** The next run is an interval from now. */
  expectRun(nowMs: number, intervalMs: number): void;
  /** It is stale at this time at the latest. */
  expireAt(atMs: number): void;
}

export interface FreshnessOptions {
  readonly deadlineMs: number;
  /** Results older than this many intervals are stale, but never while a run may still be within its deadline. */
  readonly staleAfterIntervals: number;
}

export function createFreshness({ deadlineMs, staleAfterIntervals }: FreshnessOptions): Freshness {
  let hasResult = false;
  let staleAtMs = 0;
  /** Runs that have ended since the last result: had they found out anything, it would be another. */
  let fruitlessRuns = 0;
  /** Until when an old result counts, because no run has had its chance; `undefined` until somebody asks. */
  let chanceUntilMs: number | undefined;

  function expireAt(atMs: number): void {
    staleAtMs = Math.min(staleAtMs, atMs);
  }

  return {
    isStale(nowMs, isHindered) {
      if (!hasResult) return true;
      if (nowMs < staleAtMs) return false;
      if (fruitlessRuns > 0) return true;
      if (isHindered) return false;
      // Twice, as a run that begins now may be given the time again that a blocked event loop has lost.
      chanceUntilMs ??= nowMs + deadlineMs * 2;
      return nowMs >= chanceUntilMs;
    },
    waitsForRun: (nowMs) => hasResult && nowMs >= staleAtMs && fruitlessRuns === 0,
    changesAtMs: (nowMs) =>
      Math.min(...[staleAtMs, chanceUntilMs ?? 0].filter((atMs) => atMs > nowMs), Number.POSITIVE_INFINITY),
    renew() {
      hasResult = true;
      fruitlessRuns = 0;
      chanceUntilMs = undefined;
      staleAtMs = Number.POSITIVE_INFINITY;
    },
    noteFruitlessRun() {
      fruitlessRuns += 1;
    },
    expectRun(nowMs, intervalMs) {
      // The next run begins an interval and its jitter from now, and may take its deadline: that is slow, and not stale.
      expireAt(nowMs + Math.max(intervalMs * staleAfterIntervals, intervalMs * 2 + deadlineMs));
    },
    expireAt,
  };
}
