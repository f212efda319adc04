/**
 * How long each status lasted: exact totals, computed from the intervals of status events. Steps would not do, because the
 * worst status of a step may have lasted a second. Before an event is deleted, its interval is added to totals by the quarter
 * of an hour.
 * Time without an interval was not measured.
 */
import type { Database } from 'libsql';
import type { Status } from 'portal-health';
import { QUARTER_MS, quarterOf, stretchesOfSums, sumsByQuarter } from '../healthy-time/carried.js';
import type { Range, Stretch } from '../healthy-time/healthy-time.js';
import { HOUR_MS, HOURS_FOR_MS } from './history-limits.js';
import { STATUSES } from './series.js';

/** In milliseconds since 1970. */
export interface StatusInterval {
  /** Place in `STATUSES`. */
  readonly status: number;
  readonly fromMs: number;
  readonly toMs: number;
}

/** In milliseconds since 1970. */
export interface Present {
  readonly nowMs: number;
  /** Until when the status is known. The open interval is counted until then. */
  readonly knownMs: number;
}

/** As they are published. Times are ISO 8601, UTC, with milliseconds. */
export interface Totals {
  readonly from: string;
  /** As requested, or now if that is in the future. */
  readonly to: string;
  readonly healthy_ms: number;
  readonly degraded_ms: number;
  readonly unhealthy_ms: number;
  readonly unmeasured_ms: number;
  /** Since when there are totals; `null` if there are none. */
  readonly complete_from: string | null;
  /** Earlier totals are known by the quarter of an hour only, or by the hour. */
  readonly exact_from: string | null;
}

/** Of each step, 0 to 1; `null` for a step that has not begun. */
export type Shares = Readonly<Record<Status | 'unmeasured', (number | null)[]>>;

export interface StepTotals {
  readonly share: Shares;
  /** Of each step, the place in `STATUSES`; -1 for none. */
  readonly worst: readonly number[];
}

export interface StatusTotals {
  /** Adds the intervals of deleted events to the totals by the quarter. */
  carry(intervals: readonly StatusInterval[]): void;
  prune(nowMs: number): void;
  totals(range: Range, present: Present): Totals;
  steps(range: Range, stepMs: number, present: Present): StepTotals;
  /** The intervals of a range, those of deleted events too; some begin before it, or end after it. */
  stretches(range: Range, present: Present): readonly Stretch[];
}

const COLUMNS =
  'at INTEGER PRIMARY KEY, healthy INTEGER NOT NULL, degraded INTEGER NOT NULL, unhealthy INTEGER NOT NULL';

/** One row a quarter of an hour: 35,000 in a year. An earlier version wrote one an hour, into `carried`. */
export const TOTALS_SCHEMA = `
  CREATE TABLE IF NOT EXISTS carried (${COLUMNS});
  CREATE TABLE IF NOT EXISTS carried_quarters (${COLUMNS});
`;

type Carried = readonly [lengthMs: number, at: number, ...sums: number[]];

/** Over a database whose tables exist. */
export function createStatusTotals(database: Database): StatusTotals {
  const intervals = database
    .prepare(
      `SELECT became, began_at, coalesce(ended_at, max(began_at, ?1)) FROM events
       WHERE kind = 'status' AND began_at < ?3 AND coalesce(ended_at, max(began_at, ?1)) > ?2`,
    )
    .raw();
  const carried = database
    .prepare(
      `SELECT ${HOUR_MS}, * FROM carried WHERE at > ?1 - ${HOUR_MS} AND at < ?2
       UNION ALL SELECT ${QUARTER_MS}, * FROM carried_quarters WHERE at >= ?1 AND at < ?2`,
    )
    .raw();
  const add = database.prepare(
    `INSERT INTO carried_quarters VALUES (?, ?, ?, ?) ON CONFLICT (at) DO UPDATE SET
     healthy = healthy + excluded.healthy, degraded = degraded + excluded.degraded, unhealthy = unhealthy + excluded.unhealthy`,
  );
  const prunes = ['carried', 'carried_quarters'].map((table) =>
    database.prepare(`DELETE FROM ${table} WHERE at < ?`),
  );
  const bounds = database.prepare(
    `SELECT (SELECT min(at) FROM (SELECT at FROM carried UNION ALL SELECT at FROM carried_quarters)) AS carried_from,
      max((SELECT coalesce(max(at) + ${HOUR_MS}, 0) FROM carried),
        (SELECT coalesce(max(at) + ${QUARTER_MS}, 0) FROM carried_quarters)) AS carried_to,
      (SELECT min(began_at) FROM events WHERE kind = 'status') AS began_at`,
  );

  function intervalsIn({ fromMs, toMs }: Range, knownMs: number): readonly StatusInterval[] {
    return (intervals.all(knownMs, fromMs, toMs) as [Status, number, number][]).map(
      ([became, began, ended]) => ({ status: STATUSES.indexOf(became), fromMs: began, toMs: ended }),
    );
  }

  /** A quarter that is only partly in the range counts as a whole, because an outage in the range may be in it. */
  function carriedIn({ fromMs, toMs }: Range): readonly Carried[] {
    return carried.all(quarterOf(fromMs), toMs) as unknown as Carried[];
  }

  return {
    carry(deleted) {
      for (const [at, sums] of sumsByQuarter(deleted.flatMap(stretchOf))) add.run(at, ...sums);
    },
    prune(nowMs) {
      for (const prune of prunes) prune.run(nowMs - HOURS_FOR_MS);
    },
    totals({ fromMs, toMs }, { nowMs, knownMs }) {
      const range = { fromMs, toMs: Math.max(fromMs, Math.min(toMs, nowMs)) };
      const sums = STATUSES.map(() => 0);
      for (const interval of intervalsIn(range, knownMs))
        addTo(sums, interval.status, overlap(interval, range));
      for (const [, , ...kept] of carriedIn(range)) kept.forEach((ms, status) => addTo(sums, status, ms));
      const [unmeasured = 0, ...fitted] = fit(sums, range.toMs - range.fromMs);
      const [healthy_ms = 0, degraded_ms = 0, unhealthy_ms = 0] = fitted;
      const { carried_from, carried_to, began_at } = bounds.get() as Record<string, number | null>;
      return {
        from: new Date(range.fromMs).toISOString(),
        to: new Date(range.toMs).toISOString(),
        healthy_ms,
        degraded_ms,
        unhealthy_ms,
        unmeasured_ms: unmeasured,
        complete_from: timeOf(least(carried_from, began_at)),
        exact_from: timeOf(carried_to === 0 ? began_at : carried_to),
      };
    },
    steps(range, stepMs, { nowMs, knownMs }) {
      const { fromMs, toMs } = range;
      const count = Math.round((toMs - fromMs) / stepMs);
      const grid = STATUSES.map(() => new Float64Array(count));
      const worst = Array.from({ length: count }, () => -1);
      const put = (status: number, from: number, to: number, ms = 1): void => {
        const first = Math.max(0, Math.floor((from - fromMs) / stepMs));
        for (let step = first; step < count && fromMs + step * stepMs < to; step += 1) {
          const begin = fromMs + step * stepMs;
          const within = overlap({ fromMs: from, toMs: to }, { fromMs: begin, toMs: begin + stepMs });
          const column = grid[status];
          if (within === 0 || !column) continue;
          column[step] = (column[step] ?? 0) + within * ms;
          worst[step] = Math.max(worst[step] ?? -1, status);
        }
      };
      for (const { status, fromMs: from, toMs: to } of intervalsIn(range, knownMs)) put(status, from, to);
      // When in its quarter a carried status was is no longer known: it is spread over all of it.
      for (const [lengthMs, at, ...kept] of carriedIn(range)) {
        kept.forEach((ms, status) => ms > 0 && put(status, at, at + lengthMs, ms / lengthMs));
      }
      return { share: sharesOf(grid, range, stepMs, nowMs), worst };
    },
    stretches: (range, { knownMs }) => [
      ...intervalsIn(range, knownMs).flatMap(stretchOf),
      ...carriedIn(range).flatMap(([lengthMs, at, ...kept]) => stretchesOfSums(at, lengthMs, kept)),
    ],
  };
}

function stretchOf({ status, fromMs, toMs }: StatusInterval): readonly Stretch[] {
  const name = STATUSES[status];
  return name === undefined ? [] : [{ status: name, fromMs, toMs }];
}

function addTo(sums: number[], status: number, ms: number): void {
  if (status >= 0) sums[status] = (sums[status] ?? 0) + ms;
}

function overlap(one: Range, other: Range): number {
  return Math.max(0, Math.min(one.toMs, other.toMs) - Math.max(one.fromMs, other.fromMs));
}

/**
 * Unmeasured time, then each status; together `lengthMs`. If a clock that was set back has made two intervals of one time,
 * it counts for the worse status.
 */
function fit(sums: readonly number[], lengthMs: number): readonly number[] {
  let rest = lengthMs;
  const fitted = sums.toReversed().map((sum) => {
    const taken = Math.min(sum, rest);
    rest -= taken;
    return taken;
  });
  return [rest, ...fitted.toReversed()];
}

function sharesOf(grid: readonly Float64Array[], range: Range, stepMs: number, nowMs: number): Shares {
  const shares: Shares = { healthy: [], degraded: [], unhealthy: [], unmeasured: [] };
  const count = grid[0]?.length ?? 0;
  for (let step = 0; step < count; step += 1) {
    const begin = range.fromMs + step * stepMs;
    const lengthMs = Math.min(stepMs, nowMs - begin);
    const [unmeasured = 0, ...fitted] = fit(
      grid.map((column) => column[step] ?? 0),
      Math.max(0, lengthMs),
    );
    const share = (ms: number): number | null =>
      lengthMs > 0 ? Math.round((ms / lengthMs) * 1e6) / 1e6 : null;
    STATUSES.forEach((status, index) => shares[status].push(share(fitted[index] ?? 0)));
    shares.unmeasured.push(share(unmeasured));
  }
  return shares;
}

function least(...times: readonly (number | null | undefined)[]): number | null {
  const known = times.filter((time): time is number => typeof time === 'number');
  return known.length === 0 ? null : Math.min(...known);
}

function timeOf(ms: number | null | undefined): string | null {
  return typeof ms === 'number' ? new Date(ms).toISOString() : null;
}
