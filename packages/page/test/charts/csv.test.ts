import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HistoryDocument } from 'portal-server/api';
import { CHARTS } from '../../src/charts/chart-specs.js';
import { csvOf } from '../../src/charts/csv.js';

test('a chart as a table: every step, its mean, least and most; what was not measured is empty', () => {
  const history = {
    times: [1_772_332_860, 1_772_332_870],
    series: { cache_hit_rate: { mean: [96.25, null], minimum: [90, null], maximum: [100, null] } },
  } as unknown as HistoryDocument;
  const spec = {
    title: 'Hits',
    lines: [{ series: 'cache_hit_rate', name: 'Hits', dash: [] }],
    word: String,
    atLeast: 100,
  } as const;
  assert.deepEqual(csvOf(spec, history).split('\r\n'), [
    'time,cache_hit_rate_mean,cache_hit_rate_minimum,cache_hit_rate_maximum',
    '2026-03-01T02:41:00.000Z,96.25,90,100',
    '2026-03-01T02:41:10.000Z,,,',
    '',
  ]);
});

test('of a latency the percentiles as well, beside one mean, least and most', () => {
  const history = {
    times: [1_772_332_860],
    series: { cache_latency_ms: { mean: [1.5], minimum: [1], maximum: [9] } },
    percentiles: { cache_latency_ms: { p50: [1.2], p95: [4], p99: [null] } },
  } as unknown as HistoryDocument;
  const spec = CHARTS.find(({ title }) => title === 'Cache latency');
  assert.ok(spec);
  assert.deepEqual(csvOf(spec, history).split('\r\n').slice(0, 2), [
    'time,cache_latency_ms_mean,cache_latency_ms_minimum,cache_latency_ms_maximum,cache_latency_ms_p50,cache_latency_ms_p95,cache_latency_ms_p99',
    '2026-03-01T02:41:00.000Z,1.5,1,9,1.2,4,',
  ]);
});
