/**
 * What is kept of stretches that are deleted: of each quarter of an hour, for how long each status lasted. Every time zone
 * begins its days at a quarter of an hour, so the sums of whole days stay exact. Pure.
 */
import { MINUTE_MS } from '../history/history-limits.js';
import { MEASURED, type Stretch } from './healthy-time.js';

export const QUARTER_MS = 15 * MINUTE_MS;

/** Milliseconds of each status, in the order of `MEASURED`. */
export type QuarterSums = readonly number[];

/** By the begin of the quarter. */
export function sumsByQuarter(stretches: readonly Stretch[]): ReadonlyMap<number, QuarterSums> {
  const quarters = new Map<number, number[]>();
  for (const { status, fromMs, toMs } of stretches) {
    const place = MEASURED.indexOf(status);
    for (let at = quarterOf(fromMs); at < toMs; at += QUARTER_MS) {
      const sums = quarters.get(at) ?? MEASURED.map(() => 0);
      const ms = Math.min(toMs, at + QUARTER_MS) - Math.max(fromMs, at);
      sums[place] = (sums[place] ?? 0) + ms;
      quarters.set(at, sums);
    }
  }
  return quarters;
}

/**
 * When in its time each status was is no longer known: they are put one after the other.
 *
 * @param atMs - begin, `lengthMs` milliseconds long
 */
export function stretchesOfSums(atMs: number, lengthMs: number, sums: QuarterSums): readonly Stretch[] {
  let fromMs = atMs;
  // From the worst on, so that nothing of an outage is cut off where a clock that was set back has made too much of a time.
  return MEASURED.toReversed().flatMap((status) => {
    const ms = sums[MEASURED.indexOf(status)] ?? 0;
    const stretch = { status, fromMs, toMs: Math.min(fromMs + ms, atMs + lengthMs) };
    fromMs = stretch.toMs;
    return stretch.toMs > stretch.fromMs ? [stretch] : [];
  });
}

/** Begin of the quarter that a time is in. */
export function quarterOf(atMs: number): number {
  return Math.floor(atMs / QUARTER_MS) * QUARTER_MS;
}
