/** A history that grows: what is new of it is asked for and put behind what is known. Pure. */
import type { HistoryDocument } from 'portal-server/api';

/** Steps that are asked for again, because the last ones are not over, and what is measured arrives a little later. */
const AGAIN = 3;

/** From when on a known history is asked for again, in milliseconds; `null` where all of it has to be. */
export function newFrom(known: HistoryDocument, fromMs: number): number | null {
  const stepMs = known.step_seconds * 1_000;
  const endMs = Date.parse(known.to);
  // While all is well, what is measured is further apart than steps are, and a gap is known to be one only later.
  const againMs = Math.max(AGAIN * stepMs, known.gap_seconds * 1_000);
  const startMs = endMs - Math.ceil(againMs / stepMs) * stepMs;
  return startMs > Math.max(fromMs, Date.parse(known.from)) ? startMs : null;
}

/**
 * The steps of `known` from `fromMs` on, and those of `next` from its begin on, which has the sums of all.
 *
 * @returns `null` where they do not fit together
 */
export function mergeHistory(
  known: HistoryDocument,
  next: HistoryDocument,
  fromMs: number,
): HistoryDocument | null {
  const begin = next.times[0];
  if (begin === undefined || next.step_seconds !== known.step_seconds) return null;
  if (Date.parse(next.from) > Date.parse(known.to)) return null;
  const first = known.times.findIndex((time) => (time + known.step_seconds) * 1_000 > fromMs);
  const last = known.times.findIndex((time) => time >= begin);
  const start = Math.max(0, first);
  const end = last < 0 ? known.times.length : last;
  const join = <Value>(before: readonly Value[], after: readonly Value[]): Value[] => [
    ...before.slice(start, end),
    ...after,
  ];
  const joinAll = <Columns extends object>(before: Columns, after: Columns, one: typeof join): Columns => {
    const names = Object.keys(after) as (keyof Columns)[];
    return Object.fromEntries(
      names.map((name) => [name, one(before[name] as readonly unknown[], after[name] as readonly unknown[])]),
    ) as Columns;
  };
  const joinEach = <Group extends Record<string, object>>(before: Group, after: Group): Group =>
    Object.fromEntries(
      Object.entries(after).map(([name, columns]) => [name, joinAll(before[name] ?? columns, columns, join)]),
    ) as Group;
  const times = join(known.times, next.times);
  return {
    ...next,
    from: new Date((times[0] ?? begin) * 1_000).toISOString(),
    times,
    status: join(known.status, next.status),
    series: joinEach(known.series, next.series),
    percentiles: joinEach(known.percentiles, next.percentiles),
    share: joinAll(known.share, next.share, join),
  };
}
