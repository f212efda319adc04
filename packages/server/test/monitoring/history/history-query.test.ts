import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  MOST_POINTS,
  parseHistoryQuery,
  type HistorySelection,
} from '../../../src/monitoring/history/history-query.js';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../../src/monitoring/history/history-limits.js';

const NOW = Date.parse('2026-03-01T12:00:00.000Z');
const SHORTEST_MS = 3_000;

function parse(query: HistorySelection) {
  return parseHistoryQuery(query, NOW, SHORTEST_MS);
}

function ago(ms: number): number {
  return NOW - ms;
}

test('the finest rows that reach back far enough, in steps that make some hundreds of points', () => {
  const ranges: readonly (readonly [number, string, number])[] = [
    [15 * MINUTE_MS, 'samples', 3],
    [HOUR_MS, 'samples', 10],
    [6 * HOUR_MS, 'minutes', 60],
    [DAY_MS, 'minutes', 300],
    [7 * DAY_MS, 'minutes', 1_800],
    [30 * DAY_MS, 'hours', 7_200],
    [365 * DAY_MS, 'hours', 86_400],
  ];
  for (const [rangeMs, table, seconds] of ranges) {
    const { table: chosen, stepMs } = parse({ fromMs: ago(rangeMs) });
    assert.deepEqual([chosen, stepMs / 1_000], [table, seconds], `${rangeMs} ms`);
  }
  assert.deepEqual(parse({}), parse({ fromMs: ago(15 * MINUTE_MS), toMs: ago(0) }));
  assert.equal(parse({ fromMs: ago(HOUR_MS), stepSeconds: 120 }).table, 'minutes');
  assert.equal(
    parse({ fromMs: ago(2 * HOUR_MS), stepSeconds: 1 }).stepMs,
    MINUTE_MS,
    'samples are gone by then',
  );
  assert.equal(parse({ stepSeconds: 1 }).stepMs, SHORTEST_MS, 'a shorter step would have holes');
  assert.equal(parse({ fromMs: ago(31 * DAY_MS), toMs: ago(30.5 * DAY_MS) }).table, 'hours');
});

test('for every request there are at most the maximum of points, and the grid covers the range', () => {
  const time = fc.integer({ min: 0, max: 4 * 366 * DAY_MS });
  fc.assert(
    fc.property(time, time, fc.option(fc.integer({ min: 1, max: 1e7 })), (a, b, step) => {
      fc.pre(a !== b);
      const asked = { fromMs: ago(Math.max(a, b)), toMs: ago(Math.min(a, b)) };
      const { fromMs, toMs, stepMs } = parse({ ...asked, ...(step === null ? {} : { stepSeconds: step }) });
      assert.ok((toMs - fromMs) / stepMs <= MOST_POINTS);
      assert.ok(Number.isInteger((toMs - fromMs) / stepMs) && Number.isInteger(stepMs / 1_000));
      assert.ok(fromMs <= asked.fromMs && toMs >= asked.toMs);
      if (step !== null) assert.ok(stepMs >= step * 1_000);
    }),
  );
});

test('a time that ends before it begins is none', () => {
  const rule = /: Expected `from` to be before `to`\.$/;
  assert.throws(() => parse({ fromMs: ago(0), toMs: ago(0) }), rule);
  assert.throws(() => parse({ fromMs: ago(0), toMs: ago(1) }), rule);
});
