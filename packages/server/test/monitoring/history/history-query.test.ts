import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MOST_POINTS, planOf } from '../../../src/monitoring/history/history-query.js';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../../src/monitoring/history/retention.js';

const NOW = Date.parse('2026-03-01T12:00:00.000Z');
const SHORTEST_MS = 3_000;

function plan(query: Record<string, unknown>) {
  return planOf(query, NOW, SHORTEST_MS);
}

function ago(ms: number): string {
  return new Date(NOW - ms).toISOString();
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
    const { table: chosen, stepMs } = plan({ from: ago(rangeMs) });
    assert.deepEqual([chosen, stepMs / 1_000], [table, seconds], ago(rangeMs));
  }
  assert.deepEqual(plan({}), plan({ from: ago(15 * MINUTE_MS), to: ago(0) }));
  assert.equal(plan({ from: ago(HOUR_MS), step: '120' }).table, 'minutes');
  assert.equal(plan({ from: ago(2 * HOUR_MS), step: '1' }).stepMs, MINUTE_MS, 'samples are gone by then');
  assert.equal(plan({ step: '1' }).stepMs, SHORTEST_MS, 'a shorter step would have holes');
  assert.equal(plan({ from: ago(31 * DAY_MS), to: ago(30.5 * DAY_MS) }).table, 'hours');
});

test('whatever is asked, there are no more points than told, and the grid covers the range', () => {
  const time = fc.integer({ min: 0, max: 4 * 366 * DAY_MS });
  fc.assert(
    fc.property(time, time, fc.option(fc.integer({ min: 1, max: 1e7 })), (a, b, step) => {
      fc.pre(a !== b);
      const [from, to] = [ago(Math.max(a, b)), ago(Math.min(a, b))];
      const { fromMs, toMs, stepMs } = plan({ from, to, ...(step === null ? {} : { step: String(step) }) });
      assert.ok((toMs - fromMs) / stepMs <= MOST_POINTS);
      assert.ok(Number.isInteger((toMs - fromMs) / stepMs) && Number.isInteger(stepMs / 1_000));
      assert.ok(fromMs <= Date.parse(from) && toMs >= Date.parse(to));
      if (step !== null) assert.ok(stepMs >= step * 1_000);
    }),
  );
});

test('what cannot be used is told with its rule', () => {
  const rules: readonly (readonly [Record<string, unknown>, RegExp])[] = [
    [{ from: 'yesterday' }, /: Expected `from` to be a time such as/],
    [{ to: '2026-02-30T25:00:00Z' }, /: Expected `to` to be a time/],
    [{ from: '1' }, /: Expected `from` to be a time/],
    [{ from: ['2026-03-01', '2026-03-02'] }, /: Expected `from` to be a time/],
    [{ step: '0' }, /: Expected `step` to be a whole number from 1 to/],
    [{ step: '1e3' }, /: Expected `step`/],
    [{ step: '-1' }, /: Expected `step`/],
    [{ from: ago(0), to: ago(0) }, /: Expected `from` to be before `to`\.$/],
    [{ from: ago(0), to: ago(1) }, /: Expected `from` to be before `to`\.$/],
  ];
  for (const [query, rule] of rules) assert.throws(() => plan(query), rule, JSON.stringify(query));
});
