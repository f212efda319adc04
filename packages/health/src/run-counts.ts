/**
 * How often each part was asked, how that ended and how long it took, since the start: what a gauge that is read every
 * 15 seconds does not see.
 */
import type { Outcome } from './types.js';

/** How a run ended; `unknown`: this process kept it from finding out, or the run before has not ended. */
export type RunOutcome = 'up' | 'slow' | 'down' | 'unknown';

/** The runs of one part, since the start. */
export interface RunCounts {
  readonly name: string;
  readonly outcomes: Readonly<Record<RunOutcome, number>>;
  /** Runs that took at most as long as the bound at the same place of `RUN_BOUNDS_S`, those of lower bounds included. */
  readonly buckets: readonly number[];
  /** Time that all runs took together, in seconds. */
  readonly sumS: number;
  /** End of the last run that found it up or slow, in seconds since 1970; `null` before the first. */
  readonly lastSuccessS: number | null;
}

/** A run that is over. */
export interface FinishedRun {
  readonly name: string;
  readonly outcome: RunOutcome;
  readonly durationS: number;
}

/**
 * Upper bounds of the histogram in seconds, those that OpenTelemetry advises for the durations of requests, up to the
 * deadline and the longest that a run may take in a busy process.
 */
export const RUN_BOUNDS_S: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
];

export interface RunCounter {
  /** Notes a run that took `durationMs`. */
  note(outcome: Outcome<unknown>, durationMs: number): FinishedRun;
  /** As of now; a copy. */
  counts(): RunCounts;
}

export function createRunCounter(name: string): RunCounter {
  const outcomes: Record<RunOutcome, number> = { up: 0, slow: 0, down: 0, unknown: 0 };
  const buckets = RUN_BOUNDS_S.map(() => 0);
  let sumS = 0;
  let lastSuccessS: number | null = null;
  return {
    note({ state, isOwnProblem, unfinished }, durationMs) {
      const outcome = isOwnProblem || unfinished ? 'unknown' : state;
      const durationS = Math.max(0, durationMs) / 1_000;
      outcomes[outcome] += 1;
      sumS += durationS;
      for (const [place, bound] of RUN_BOUNDS_S.entries()) {
        if (durationS <= bound) buckets[place] = (buckets[place] ?? 0) + 1;
      }
      if (outcome === 'up' || outcome === 'slow') lastSuccessS = Date.now() / 1_000;
      return { name, outcome, durationS };
    },
    counts: () => ({ name, outcomes: { ...outcomes }, buckets: [...buckets], sumS, lastSuccessS }),
  };
}
