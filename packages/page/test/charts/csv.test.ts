import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HistoryDocument } from 'portal-server/api';
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
