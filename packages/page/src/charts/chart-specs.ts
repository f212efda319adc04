/** The charts, and the dashes by which their lines differ without colour. */
import type { HistoryDocument } from 'portal-server/api';
import { bytes, count, milliseconds, percent } from '../copy/numbers.js';

export interface ChartLine {
  readonly series: keyof HistoryDocument['series'];
  /** Of a latency; else the line is the mean. The band from least to most is that of the first line. */
  readonly percentile?: 'p50' | 'p95' | 'p99';
  readonly name: string;
  /** Lengths of strokes and gaps; empty is a whole line. */
  readonly dash: readonly number[];
}

export interface ChartSpec {
  readonly title: string;
  readonly lines: readonly ChartLine[];
  readonly word: (value: number) => string;
  /** The axis ends no lower: noise must not fill the chart. */
  readonly atLeast: number;
}

const WHOLE: readonly number[] = [];
const DASHED: readonly number[] = [6, 4];
const DOTTED: readonly number[] = [2, 3];

function latency(title: string, series: 'database_latency_ms' | 'cache_latency_ms'): ChartSpec {
  return {
    title,
    lines: [
      { series, percentile: 'p50', name: 'p50', dash: WHOLE },
      { series, percentile: 'p95', name: 'p95', dash: DASHED },
      { series, percentile: 'p99', name: 'p99', dash: DOTTED },
    ],
    word: milliseconds,
    atLeast: 5,
  };
}

export const CHARTS: readonly ChartSpec[] = [
  latency('Database latency', 'database_latency_ms'),
  latency('Cache latency', 'cache_latency_ms'),
  {
    title: 'Pool',
    lines: [
      { series: 'pool_checked_out', name: 'In use', dash: WHOLE },
      { series: 'pool_checked_in', name: 'Idle', dash: DASHED },
      { series: 'pool_waiting', name: 'Waiting', dash: DOTTED },
    ],
    word: count,
    atLeast: 5,
  },
  {
    title: 'Cache hit rate',
    lines: [{ series: 'cache_hit_rate', name: 'Hits', dash: WHOLE }],
    word: percent,
    atLeast: 100,
  },
  {
    title: 'Cache memory',
    lines: [{ series: 'cache_memory_usage_bytes', name: 'Used', dash: WHOLE }],
    word: bytes,
    atLeast: 1_000_000,
  },
  {
    title: 'Cache commands a second',
    lines: [{ series: 'cache_commands_per_second', name: 'Commands', dash: WHOLE }],
    word: count,
    atLeast: 10,
  },
];
