import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytes, count, milliseconds, orNotMeasured, percent } from '../../src/copy/numbers.js';
import { duration, utc } from '../../src/copy/time.js';

test('figures as people read them; what was not measured is never 0', () => {
  assert.deepEqual([bytes(0), bytes(999), bytes(1_814_192), bytes(2e9)], ['0 B', '999 B', '1.8 MB', '2 GB']);
  assert.deepEqual([count(200), count(75_000)], ['200', '75\u202F000']);
  assert.deepEqual([milliseconds(1.25), percent(96.2), percent(100)], ['1.3 ms', '96.2 %', '100 %']);
  assert.equal(orNotMeasured(null, percent), 'not measured');
  assert.equal(orNotMeasured(0, percent), '0 %');
});

test('durations in two units at most, and never before their beginning', () => {
  const seconds = [-3, 8, 75, 600, 12_000, 86_400, 1_051_200].map((second) => duration(second * 1_000));
  assert.deepEqual(seconds, ['0 s', '8 s', '1 min 15 s', '10 min', '3 h 20 min', '1 d', '12 d 4 h']);
  assert.equal(utc(Date.UTC(2026, 2, 1, 2, 41, 7)), '2026-03-01 02:41:07 UTC');
});
