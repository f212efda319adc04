/**
 * Samples, minutes and hours in the file. Minutes and hours are computed from the stored samples, never from counts in
 * memory: after a kill they are what they would have been without it.
 */
import type { Database } from 'libsql';
import type { Status } from 'portal-health';
import type { HistoryQuery, HistoryTable } from './history-query.js';
import {
  AHEAD_MS,
  HOUR_MS,
  HOURS_FOR_MS,
  MINUTE_MS,
  MINUTES_FOR_MS,
  SAMPLE_MS,
  SAMPLES_FOR_MS,
  SECOND_MS,
} from './history-limits.js';
import {
  createPercentileStore,
  LATENCIES,
  type LatencyName,
  type PercentileColumns,
} from './percentile-store.js';
import { SERIES, STATUSES, type StoredSample, type SeriesName } from './series.js';
import { inTransaction } from '../../infra/sqlite/transaction.js';

/** One value for each step; `null` where nothing was measured. */
export interface Series {
  readonly minimum: (number | null)[];
  readonly mean: (number | null)[];
  readonly maximum: (number | null)[];
}

export interface SampleColumns {
  readonly from: string;
  readonly to: string;
  readonly step_seconds: number;
  /** Begin of each step, seconds since 1970. */
  readonly times: number[];
  /** The worst of each step; `null` if there was no probe run. */
  readonly status: (Status | null)[];
  readonly series: Readonly<Record<SeriesName, Series>>;
  readonly percentiles: Readonly<Record<LatencyName, PercentileColumns>>;
}

type StepColumns = Omit<SampleColumns, 'percentiles'>;

export interface SampleStore {
  addSamples(samples: readonly StoredSample[]): void;
  readSamples(query: HistoryQuery): SampleColumns;
  /** Time of the latest sample that is not after `at`, in milliseconds since 1970. */
  lastSampleAt(at: number): number | null;
}

/** Of `selectSteps()`: the step, the worst status, and three values of each series. */
type Row = readonly (number | null)[];

const columnsOf = (ends: readonly string[]): string =>
  SERIES.flatMap((name) => ends.map((end) => `${name}${end} REAL`)).join(', ');

/** `at`: the begin, in milliseconds since 1970. */
export const SAMPLES_SCHEMA = `
  CREATE TABLE IF NOT EXISTS samples (at INTEGER PRIMARY KEY, status INTEGER NOT NULL, ${columnsOf([''])});
  CREATE TABLE IF NOT EXISTS minutes (at INTEGER PRIMARY KEY, status INTEGER NOT NULL, ${columnsOf(['_minimum', '_mean', '_maximum', '_count'])});
  CREATE TABLE IF NOT EXISTS hours (at INTEGER PRIMARY KEY, status INTEGER NOT NULL, ${columnsOf(['_minimum', '_mean', '_maximum', '_count'])});
`;

/** SQLite sorts in memory what it groups. A month is read in slices, so that it takes no more memory than two days. */
const SLICE_ROWS = 3_000;
const LENGTHS = { minutes: MINUTE_MS, hours: HOUR_MS } as const;
/** Shortest time from one row to the next. */
const ROW_MS = { samples: SAMPLE_MS, ...LENGTHS } as const;

function rollUp(table: keyof typeof LENGTHS): string {
  const aggregates = SERIES.map((name) => `min(${name}), avg(${name}), max(${name}), count(${name})`);
  return `INSERT OR REPLACE INTO ${table}
    SELECT at / ${LENGTHS[table]} * ${LENGTHS[table]} AS begin, max(status), ${aggregates.join(', ')}
    FROM samples WHERE at >= ? AND at < ? GROUP BY begin`;
}

function selectSteps(table: HistoryTable): string {
  const aggregates = SERIES.map((name) =>
    table === 'samples'
      ? `min(${name}), avg(${name}), max(${name})`
      : `min(${name}_minimum), sum(${name}_mean * ${name}_count) / sum(${name}_count), max(${name}_maximum)`,
  );
  return `SELECT (at - CAST(? AS INTEGER)) / CAST(? AS INTEGER) AS step, max(status), ${aggregates.join(', ')}
    FROM ${table} WHERE at >= ? AND at < ? GROUP BY step`;
}

/** Over a database whose tables exist. */
export function createSampleStore(database: Database, now: () => number = Date.now): SampleStore {
  const insert = database.prepare(
    `INSERT OR REPLACE INTO samples VALUES (?, ?${', ?'.repeat(SERIES.length)})`,
  );
  const toMinutes = database.prepare(rollUp('minutes'));
  const toHours = database.prepare(rollUp('hours'));
  const prunes = (['samples', 'minutes', 'hours'] as const).map((table) =>
    database.prepare(`DELETE FROM ${table} WHERE at < ? OR at > ?`),
  );
  const percentiles = createPercentileStore(database);
  const last = database.prepare('SELECT max(at) AS at FROM samples WHERE at <= ?');
  /** The minute of the last call of `updateHours`. */
  let minuteMs = 0;

  /** Once a minute. Samples are kept until their hour is complete. */
  function updateHours(nowMs: number): void {
    toHours.run(0, Number.MAX_SAFE_INTEGER);
    percentiles.updateHours();
    const untilMs = nowMs + AHEAD_MS;
    const [samples, minutes, hours] = prunes;
    samples?.run(floor(nowMs - SAMPLES_FOR_MS, HOUR_MS), untilMs);
    minutes?.run(nowMs - MINUTES_FOR_MS, untilMs);
    hours?.run(nowMs - HOURS_FOR_MS, untilMs);
    percentiles.prune('minutes', nowMs - MINUTES_FOR_MS, untilMs);
    percentiles.prune('hours', nowMs - HOURS_FOR_MS, untilMs);
  }

  const add = inTransaction(database, (samples: readonly StoredSample[]) => {
    for (const { at, status, values } of samples) insert.run(at, status, ...values);
    const times = samples.map(({ at }) => at);
    const minutes = [
      floor(Math.min(...times), MINUTE_MS),
      floor(Math.max(...times), MINUTE_MS) + MINUTE_MS,
    ] as const;
    toMinutes.run(...minutes);
    percentiles.updateMinutes(...minutes);
    const nowMs = now();
    if (floor(nowMs, MINUTE_MS) === minuteMs) return;
    minuteMs = floor(nowMs, MINUTE_MS);
    updateHours(nowMs);
  });

  return {
    addSamples(samples) {
      if (samples.length > 0) add(samples);
    },
    readSamples(query) {
      const { table, fromMs, toMs, stepMs } = query;
      const statement = database.prepare(selectSteps(table)).raw();
      const columns = emptyColumns(query);
      const sliceMs = Math.max(1, Math.floor((SLICE_ROWS * ROW_MS[table]) / stepMs)) * stepMs;
      for (let sliceFromMs = fromMs; sliceFromMs < toMs; sliceFromMs += sliceMs) {
        const sliceToMs = Math.min(toMs, sliceFromMs + sliceMs);
        fill(columns, statement.all(fromMs, stepMs, sliceFromMs, sliceToMs) as Row[]);
      }
      return { ...columns, percentiles: withinExtremes(percentiles.read(query), columns) };
    },
    lastSampleAt: (at) => (last.get(at) as { readonly at: number | null }).at,
  };
}

function floor(ms: number, ofMs: number): number {
  return Math.floor(ms / ofMs) * ofMs;
}

function emptyColumns({ fromMs, toMs, stepMs }: HistoryQuery): StepColumns {
  const points = Math.round((toMs - fromMs) / stepMs);
  const nothing = (): (number | null)[] => Array.from({ length: points }, () => null);
  const series = SERIES.map((name) => [
    name,
    { minimum: nothing(), mean: nothing(), maximum: nothing() } satisfies Series,
  ]);
  return {
    from: new Date(fromMs).toISOString(),
    to: new Date(toMs).toISOString(),
    step_seconds: stepMs / SECOND_MS,
    times: Array.from({ length: points }, (_, point) => (fromMs + point * stepMs) / SECOND_MS),
    status: nothing() as StepColumns['status'],
    series: Object.fromEntries(series) as StepColumns['series'],
  };
}

function fill({ status, series }: StepColumns, rows: readonly Row[]): void {
  for (const [step, worst, ...values] of rows) {
    const point = Number(step);
    status[point] = STATUSES[Number(worst)] ?? null;
    for (const [index, name] of SERIES.entries()) {
      const columns = series[name];
      columns.minimum[point] = rounded(values[index * 3]);
      columns.mean[point] = rounded(values[index * 3 + 1]);
      columns.maximum[point] = rounded(values[index * 3 + 2]);
    }
  }
}

/** A percentile that is right to 5 % is no greater than the greatest, and no less than the least. */
function withinExtremes(
  percentiles: SampleColumns['percentiles'],
  { series }: StepColumns,
): SampleColumns['percentiles'] {
  for (const name of LATENCIES) {
    const { minimum, maximum } = series[name];
    for (const column of Object.values(percentiles[name])) {
      for (const [step, value] of column.entries()) {
        if (value === null) continue;
        column[step] = Math.min(maximum[step] ?? value, Math.max(minimum[step] ?? value, value));
      }
    }
  }
  return percentiles;
}

/** To two decimals: a mean has more digits than meaning. */
function rounded(value: number | null | undefined): number | null {
  return typeof value === 'number' ? Math.round(value * 100) / 100 : null;
}
