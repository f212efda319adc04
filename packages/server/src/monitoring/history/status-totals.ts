/**
 * How long it was how: exact sums of each status, from the stretches of the events and never from steps, whose worst status
 * may have lasted a second. What events say goes into sums by the hour before they are thrown away, so that it outlives them.
 * Time of which no stretch tells was not measured.
 */
import type { Database } from 'libsql';
import type { Status } from 'portal-health';
import { HOUR_MS, HOURS_FOR_MS } from './history-limits.js';
import { STATUSES } from './series.js';

/** A stretch of one status, in milliseconds since 1970. */
export interface StatusInterval {
  /** Place in `STATUSES`. */
  readonly status: number;
  readonly fromMs: number;
  readonly toMs: number;
}

/** A time, in milliseconds since 1970. */
export interface Range {
  readonly fromMs: number;
  /** Not included. */
  readonly toMs: number;
}

/** The present, in milliseconds since 1970. */
export interface Present {
  readonly nowMs: number;
  /** Until when it is known how things stand: what goes on is counted until then. */
  readonly knownMs: number;
}

/** The sums of a time, as they are published. */
export interface Totals {
  readonly from: string;
  /** What was asked for, or now where that is in the future. */
  readonly to: string;
  readonly healthy_ms: number;
  readonly degraded_ms: number;
  readonly unhealthy_ms: number;
  readonly unmeasured_ms: number;
  /** Since when there are sums at all; `null` while there are none. */
  readonly complete_from: string | null;
  /** Before it they are known by the hour. */
  readonly exact_from: string | null;
}

/** What share of each step each status took, 0 to 1; `null` for a step that has not begun. */
export type Shares = Readonly<Record<Status | 'unmeasured', (number | null)[]>>;

/** Sums of steps. */
export interface StepSums {
  readonly share: Shares;
  /** The worst of each step, a place in `STATUSES`; -1 for none. */
  readonly worst: readonly number[];
}

/** The sums of one file. */
export interface StatusTotals {
  /** Takes over stretches that are about to be thrown away. */
  carry(stretches: readonly StatusInterval[]): void;
  /** Forgets what has had its time. */
  prune(nowMs: number): void;
  totals(range: Range, present: Present): Totals;
  steps(range: Range, stepMs: number, present: Present): StepSums;
}

/** One row an hour: 9,000 in a year. */
export const SUMS_SCHEMA = `
  CREATE TABLE IF NOT EXISTS carried (
    at INTEGER PRIMARY KEY, healthy INTEGER NOT NULL, degraded INTEGER NOT NULL, unhealthy INTEGER NOT NULL);
`;

type Carried = readonly [at: number, ...sums: number[]];

/** The sums of `database`, whose tables are there. */
export function createStatusTotals(database: Database): StatusTotals {
  const stretches = database
    .prepare(
      `SELECT became, began_at, coalesce(ended_at, max(began_at, ?1)) FROM events
       WHERE kind = 'status' AND began_at < ?3 AND coalesce(ended_at, max(began_at, ?1)) > ?2`,
    )
    .raw();
  const carried = database.prepare('SELECT * FROM carried WHERE at >= ? AND at < ? ORDER BY at').raw();
  const add = database.prepare(
    `INSERT INTO carried VALUES (?, ?, ?, ?) ON CONFLICT (at) DO UPDATE SET
     healthy = healthy + excluded.healthy, degraded = degraded + excluded.degraded, unhealthy = unhealthy + excluded.unhealthy`,
  );
  const prune = database.prepare('DELETE FROM carried WHERE at < ?');
  const bounds = database.prepare(
    `SELECT (SELECT min(at) FROM carried) AS carried_from, (SELECT max(at) FROM carried) AS carried_to,
      (SELECT min(began_at) FROM events WHERE kind = 'status') AS began_at`,
  );

  function stretchesIn({ fromMs, toMs }: Range, knownMs: number): readonly StatusInterval[] {
    return (stretches.all(knownMs, fromMs, toMs) as [Status, number, number][]).map(
      ([became, began, ended]) => ({ status: STATUSES.indexOf(became), fromMs: began, toMs: ended }),
    );
  }

  /** An hour of which only a part was asked for counts as a whole: an outage that was asked for is in it. */
  function carriedIn({ fromMs, toMs }: Range): readonly Carried[] {
    return carried.all(Math.floor(fromMs / HOUR_MS) * HOUR_MS, toMs) as unknown as Carried[];
  }

  return {
    carry(gone) {
      for (const [at, sums] of sumsByHour(gone)) add.run(at, ...sums);
    },
    prune: (nowMs) => void prune.run(nowMs - HOURS_FOR_MS),
    totals({ fromMs, toMs }, { nowMs, knownMs }) {
      const range = { fromMs, toMs: Math.max(fromMs, Math.min(toMs, nowMs)) };
      const sums = STATUSES.map(() => 0);
      for (const stretch of stretchesIn(range, knownMs)) addTo(sums, stretch.status, overlap(stretch, range));
      for (const [, ...hour] of carriedIn(range)) hour.forEach((ms, status) => addTo(sums, status, ms));
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
        exact_from: timeOf(typeof carried_to === 'number' ? carried_to + HOUR_MS : began_at),
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
      for (const { status, fromMs: from, toMs: to } of stretchesIn(range, knownMs)) put(status, from, to);
      // Of an hour that was carried nobody knows any more which part of it was how: it is spread over the whole of it.
      for (const [at, ...hour] of carriedIn(range)) {
        hour.forEach((ms, status) => ms > 0 && put(status, at, at + HOUR_MS, ms / HOUR_MS));
      }
      return { share: sharesOf(grid, range, stepMs, nowMs), worst };
    },
  };
}

/** By the begin of the hour, the milliseconds of each status in it. */
function sumsByHour(stretches: readonly StatusInterval[]): ReadonlyMap<number, readonly number[]> {
  const hours = new Map<number, number[]>();
  for (const { status, fromMs, toMs } of stretches) {
    for (let at = Math.floor(fromMs / HOUR_MS) * HOUR_MS; at < toMs; at += HOUR_MS) {
      const sums = hours.get(at) ?? STATUSES.map(() => 0);
      addTo(sums, status, overlap({ fromMs, toMs }, { fromMs: at, toMs: at + HOUR_MS }));
      hours.set(at, sums);
    }
  }
  return hours;
}

function addTo(sums: number[], status: number, ms: number): void {
  if (status >= 0) sums[status] = (sums[status] ?? 0) + ms;
}

function overlap(one: Range, other: Range): number {
  return Math.max(0, Math.min(one.toMs, other.toMs) - Math.max(one.fromMs, other.fromMs));
}

/**
 * What was not measured, then each status: never more than the time there was. Where a clock that was set back has made
 * two stretches of one time, the worse one keeps it.
 */
function fit(sums: readonly number[], lengthMs: number): readonly number[] {
  let left = lengthMs;
  const fitted = sums.toReversed().map((sum) => {
    const taken = Math.min(sum, left);
    left -= taken;
    return taken;
  });
  return [left, ...fitted.toReversed()];
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
