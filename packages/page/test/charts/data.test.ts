/** What is drawn: a band for each series, and the lines over it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HistoryDocument } from 'portal-server/api';
import { CHARTS } from '../../src/charts/chart-specs.js';
import { chartData } from '../../src/charts/data.js';

const HISTORY = {
  times: [100, 110],
  step_seconds: 10,
  gap_seconds: 10,
  series: { database_latency_ms: { mean: [2, 3], minimum: [1, 1], maximum: [9, 8] } },
} as unknown as HistoryDocument;

const spec = CHARTS.find(({ title }) => title === 'Database latency');
assert.ok(spec);

test('three percentiles have one band, from least to most', () => {
  const percentiles = { database_latency_ms: { p50: [1.5, 2], p95: [5, 6], p99: [8, 7] } };
  const data = chartData(spec, { ...HISTORY, percentiles } as unknown as HistoryDocument);
  assert.deepEqual(data, [
    [100, 110],
    [1, 1],
    [9, 8],
    [1.5, 2],
    [null, null],
    [null, null],
    [5, 6],
    [null, null],
    [null, null],
    [8, 7],
  ]);
});

test('a service that keeps no percentiles has its band all the same, and no line', () => {
  const data = chartData(spec, HISTORY);
  assert.deepEqual(data.slice(1, 4), [
    [1, 1],
    [9, 8],
    [null, null],
  ]);
});
