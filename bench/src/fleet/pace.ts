/** How evenly instances were asked, from the times at which each saw a request. */

export interface PollPace {
  readonly polls: number;
  /** Instances that were asked. */
  readonly instances: number;
  /** Share of the polls that came an interval after the one before, give or take half of it. */
  readonly inTime: number;
  /** Milliseconds by which all but a thousandth of the polls missed that time at most. */
  readonly p999LateMs: number;
}

/** @param arrivals - milliseconds by one clock, in their order, for each instance */
export function pollPaceOf(arrivals: readonly (readonly number[])[], intervalMs: number): PollPace {
  const lateMs = arrivals
    .flatMap((times) =>
      times.slice(1).map((time, index) => Math.abs(time - (times[index] ?? 0) - intervalMs)),
    )
    .toSorted((a, b) => a - b);
  return {
    polls: arrivals.reduce((sum, times) => sum + times.length, 0),
    instances: arrivals.length,
    inTime: lateMs.filter((ms) => ms <= intervalMs / 2).length / lateMs.length,
    p999LateMs: lateMs[Math.floor(lateMs.length * 0.999)] ?? Number.NaN,
  };
}
