/**
 * Percentiles of latencies, which no mean of means gives: of each minute and hour the file keeps how many samples lay in which
 * bucket. Buckets grow by a tenth, so a percentile is right to 5 %, however many are merged; of the last hour, of which
 * there are the samples, it is exact. The method is that of DDSketch (Masson, Rim and Lee, 2019).
 */
import type { Database } from 'libsql';
import { HOUR_MS, MINUTE_MS } from './history-limits.js';
import type { HistoryQuery } from './history-query.js';
import type { SeriesName } from './series.js';

export const LATENCIES = ['database_latency_ms', 'cache_latency_ms'] as const satisfies readonly SeriesName[];
export type LatencyName = (typeof LATENCIES)[number];

export const PERCENTILES = { p50: 0.5, p95: 0.95, p99: 0.99 } as const;
export type PercentileName = keyof typeof PERCENTILES;

/** Milliseconds, one value for each step; `null` where nothing was measured, or before there were percentiles. */
export type PercentileColumns = Readonly<Record<PercentileName, (number | null)[]>>;

export interface PercentileStore {
  /** Counts the samples of `fromMs` to `toMs` again, of whole minutes. */
  updateMinutes(fromMs: number, toMs: number): void;
  /** Of all samples that there are. */
  updateHours(): void;
  prune(table: keyof typeof TABLES, beforeMs: number, afterMs: number): void;
  read(query: HistoryQuery): Readonly<Record<LatencyName, PercentileColumns>>;
}

const GROWTH = 1.1;
/** Milliseconds: nothing is quicker. */
const LEAST = 0.01;
const TABLES = {
  minutes: { name: 'minute_latencies', ms: MINUTE_MS },
  hours: { name: 'hour_latencies', ms: HOUR_MS },
} as const;

/** `series`: place in `LATENCIES`. `buckets`: `12:3,14:1`, the number of the bucket and how many samples lay in it. */
export const PERCENTILES_SCHEMA = Object.values(TABLES)
  .map(
    ({ name }) => `CREATE TABLE IF NOT EXISTS ${name} (
      at INTEGER NOT NULL, series INTEGER NOT NULL, buckets TEXT NOT NULL, PRIMARY KEY (at, series)) WITHOUT ROWID;`,
  )
  .join('\n');

/** Over a database whose tables exist. */
export function createPercentileStore(database: Database): PercentileStore {
  const counts = (table: keyof typeof TABLES) =>
    LATENCIES.map((series, place) => database.prepare(countSamples(table, series, place)));
  const [toMinutes, toHours] = [counts('minutes'), counts('hours')];
  const prunes = {
    minutes: database.prepare(`DELETE FROM ${TABLES.minutes.name} WHERE at < ? OR at > ?`),
    hours: database.prepare(`DELETE FROM ${TABLES.hours.name} WHERE at < ? OR at > ?`),
  };

  function readOne(
    { table, fromMs, toMs, stepMs }: HistoryQuery,
    series: LatencyName,
    place: number,
  ): PercentileColumns {
    const steps = Math.round((toMs - fromMs) / stepMs);
    const columns = emptyColumns(steps);
    const column = table === 'samples' ? series : 'buckets';
    const statement = database.prepare(
      `SELECT (at - CAST(? AS INTEGER)) / CAST(? AS INTEGER), ${column}
       FROM ${table === 'samples' ? table : TABLES[table].name}
       WHERE at >= ? AND at < ? AND ${table === 'samples' ? `${series} IS NOT NULL` : `series = ${place}`} ORDER BY at`,
    );
    let current = -1;
    let found = new Map<number, number>();
    const settle = (): void => {
      if (found.size > 0) fill(columns, current, found);
      found = new Map();
    };
    for (const [step, value] of statement.raw().all(fromMs, stepMs, fromMs, toMs) as [
      number,
      number | string,
    ][]) {
      if (step !== current) settle();
      current = step;
      if (typeof value === 'number') found.set(value, (found.get(value) ?? 0) + 1);
      else addBuckets(found, value);
    }
    settle();
    return columns;
  }

  return {
    updateMinutes(fromMs, toMs) {
      for (const statement of toMinutes) statement.run(fromMs, toMs);
    },
    updateHours() {
      for (const statement of toHours) statement.run(0, Number.MAX_SAFE_INTEGER);
    },
    prune: (table, beforeMs, afterMs) => void prunes[table].run(beforeMs, afterMs),
    read: (query) =>
      Object.fromEntries(LATENCIES.map((series, place) => [series, readOne(query, series, place)])) as Record<
        LatencyName,
        PercentileColumns
      >,
  };
}

function countSamples(table: keyof typeof TABLES, series: LatencyName, place: number): string {
  const { name, ms } = TABLES[table];
  return `INSERT OR REPLACE INTO ${name} (at, series, buckets)
    SELECT begin, ${place}, group_concat(bucket || ':' || samples) FROM (
      SELECT at / ${ms} * ${ms} AS begin, count(*) AS samples,
        CAST(ceil(ln(max(${series}, ${LEAST})) / ln(${GROWTH})) AS INTEGER) AS bucket
      FROM samples WHERE at >= ? AND at < ? AND ${series} IS NOT NULL GROUP BY begin, bucket
    ) GROUP BY begin`;
}

/** By the middle of each bucket. */
function addBuckets(found: Map<number, number>, text: string): void {
  for (const pair of text.split(',')) {
    const [bucket = Number.NaN, count = 0] = pair.split(':').map(Number);
    const value = (2 * GROWTH ** bucket) / (GROWTH + 1);
    found.set(value, (found.get(value) ?? 0) + count);
  }
}

function emptyColumns(steps: number): PercentileColumns {
  const nothing = (): (number | null)[] => Array.from({ length: steps }, () => null);
  return { p50: nothing(), p95: nothing(), p99: nothing() };
}

/** By the nearest rank. @param found - how often there was which value */
function fill(columns: PercentileColumns, step: number, found: ReadonlyMap<number, number>): void {
  const sorted = [...found].toSorted(([one], [other]) => one - other);
  const total = sorted.reduce((sum, [, count]) => sum + count, 0);
  for (const [name, share] of Object.entries(PERCENTILES) as [PercentileName, number][]) {
    let rank = Math.max(1, Math.ceil(share * total));
    const [value] = sorted.find(([, count]) => (rank -= count) <= 0) ?? [null];
    columns[name][step] = value === null ? null : Math.round(value * 100) / 100;
  }
}
