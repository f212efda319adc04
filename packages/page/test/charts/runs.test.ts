import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aloneOf, chartData, gapsOf, sampleAt } from '../../src/charts/data.js';
import { runsOf, stepWords, totalsWords, statusAt } from '../../src/charts/runs.js';

const history = {
  from: '',
  to: '',
  step_seconds: 10,
  gap_seconds: 5,
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

test('the last steps are on their way, and no gap, nor is the next look; without a history nothing is known', () => {
  assert.equal(runsOf(history, 80, 190).at(-1)?.status, 'degraded');
  assert.equal(runsOf({ ...history, gap_seconds: 31 }, 80, 200).at(-1)?.status, 'degraded');
  assert.equal(runsOf({ ...history, gap_seconds: 31 }, 80, 202).at(-1)?.status, null);
  assert.deepEqual(runsOf(null, 0, 60), []);
});

test('for how long: the sums of the service to the second, the worst first, and never of steps', () => {
  const sums = { healthy_ms: 0, degraded_ms: 0, unhealthy_ms: 0, unmeasured_ms: 0 };
  const totals = { ...sums, from: '', to: '', complete_from: null, exact_from: null };
  assert.equal(
    totalsWords({ ...totals, unhealthy_ms: 117_000, degraded_ms: 4_716_000, healthy_ms: 86_399_000 }),
    'unhealthy 1 min 57 s · degraded 1 h 18 min 36 s · healthy 23 h 59 min',
  );
  assert.equal(totalsWords({ ...totals, unmeasured_ms: 90_061_000 }), 'not measured 1 d 1 h 1 min 1 s');
  assert.equal(totalsWords({ ...totals, degraded_ms: 400 }), 'nothing measured yet');
  assert.equal(stepWords({ step_seconds: 43_200 }), 'worst of each 12 h');
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

test('a line goes on between two looks, and breaks where a look found nothing or looks are missing', () => {
  const course = (mean: readonly (number | null)[]) => ({ minimum: mean, mean, maximum: mean });
  const looks = [1, null, 1, null, 1, null, null, null, 1, null];
  const sparse = {
    ...history,
    step_seconds: 5,
    gap_seconds: 12,
    times: [0, 5, 10, 15, 20, 25, 30, 35, 40, 45],
    series: {
      pool: course(looks),
      // The third look found nothing.
      latency: course(looks.map((look, index) => (index === 4 ? null : look))),
    },
  } as unknown as Parameters<typeof chartData>[1];
  const spec = { lines: [{ series: 'latency' }] } as unknown as Parameters<typeof chartData>[0];
  const data = chartData(spec, sparse);
  assert.deepEqual(data[3], [1, undefined, 1, undefined, null, null, null, null, 1, undefined]);
  assert.deepEqual(gapsOf(data, 0, 50, 5), [[15, 40]]);
  assert.deepEqual(aloneOf([...(data[3] ?? [])]), [8]);
  assert.deepEqual(
    [1, 3, 4, 6, 9].map((index) => sampleAt(sparse, index)),
    [0, 2, 4, 6, 8],
  );
});

test('what a run shows at a moment', () => {
  const runs = [
    { status: 'healthy', from: 0, to: 10 },
    { status: null, from: 10, to: 20 },
  ] as const;
  assert.deepEqual(
    [5, 10, 20].map((second) => statusAt(runs, second)),
    ['healthy', 'not measured', 'not known yet'],
  );
});
