import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gapsOf } from '../../src/charts/data.js';
import { runsOf, runWords } from '../../src/charts/runs.js';

const history = {
  from: '',
  to: '',
  step_seconds: 10,
  times: [100, 110, 120, 130, 160],
  status: ['healthy', 'healthy', 'unhealthy', null, 'degraded'],
  series: {},
} as const;

test('stretches of the same status, with a gap where nothing was measured, before it and after', () => {
  assert.deepEqual(runsOf(history, 80, 250), [
    { status: null, from: 80, to: 100 },
    { status: 'healthy', from: 100, to: 120 },
    { status: 'unhealthy', from: 120, to: 130 },
    { status: null, from: 130, to: 160 },
    { status: 'degraded', from: 160, to: 170 },
    { status: null, from: 170, to: 250 },
  ]);
});

test('the last steps are on their way, and no gap; without a history all is one', () => {
  assert.equal(runsOf(history, 80, 190).at(-1)?.status, 'degraded');
  assert.deepEqual(runsOf(null, 0, 60), [{ status: null, from: 0, to: 60 }]);
});

test('in words, the worst first', () => {
  assert.equal(
    runWords(runsOf(history, 80, 190)),
    'unhealthy 10 s · degraded 10 s · healthy 20 s · not measured 50 s',
  );
  assert.equal(runWords([]), 'nothing measured yet');
});

test('a chart has a gap where none of its lines has a value', () => {
  const data = [
    [10, 20, 30, 40, 50],
    [1, null, null, null, 2],
    [null, 5, null, null, 2],
  ] as [number[], (number | null)[], (number | null)[]];
  assert.deepEqual(gapsOf(data, 10, 60, 10), [[20, 50]]);
  assert.deepEqual(gapsOf(data, 10, 100, 10), [
    [20, 50],
    [50, 100],
  ]);
});
