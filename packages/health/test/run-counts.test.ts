/** Every run is counted, however it ends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { waitFor } from 'portal-test-kit';
import { createHealth, respond, type FinishedRun } from '../src/index.js';
import { createRunCounter, RUN_BOUNDS_S } from '../src/run-counts.js';

const SAMPLING = { intervalMs: 20, idleIntervalMs: 20, deadlineMs: 1_000 };

test('runs are counted by how they ended, and whoever listens is told of each', async () => {
  let answer: 'up' | 'down' = 'up';
  const health = createHealth({ checks: { queue: { ...SAMPLING, check: () => answer === 'up' } } });
  const heard: FinishedRun[] = [];
  const stop = health.onRun((run) => heard.push(run));
  health.onRun(() => {
    throw new Error('a bug of the application');
  });
  await health.start();
  await waitFor('three runs', () => heard.length >= 3);
  answer = 'down';
  await waitFor('a failing run', () => heard.some(({ outcome }) => outcome === 'down'));
  const lastSuccess = health.snapshot().runs[0]?.lastSuccessS ?? 0;
  await waitFor('two more', () => heard.filter(({ outcome }) => outcome === 'down').length >= 3);
  stop();
  const [runs] = health.snapshot().runs;
  const told = heard.length;
  const { body } = respond(health, { endpoint: 'metrics', method: 'GET' }, 'public');
  await health.close();
  assert.ok(runs);
  assert.equal(runs.lastSuccessS, lastSuccess, 'it stays at the last that was good');
  assert.ok(Math.abs(lastSuccess - Date.now() / 1_000) < 60);
  const { up, down, slow, unknown } = runs.outcomes;
  assert.deepEqual([slow, unknown], [0, 0]);
  assert.ok(up >= 3 && down >= 3 && up + down >= told);
  assert.equal(heard.length, told, 'nobody is told any more');
  assert.ok(heard.every(({ name, durationS }) => name === 'queue' && durationS >= 0 && durationS < 60));
  for (const line of [
    /^# TYPE portal_health_probe_runs_total counter$/m,
    /^portal_health_probe_runs_total\{component="queue",outcome="down"\} \d+$/m,
    /^portal_health_probe_runs_total\{component="queue",outcome="unknown"\} 0$/m,
    /^# TYPE portal_health_probe_duration_seconds histogram$/m,
    /^portal_health_probe_duration_seconds_bucket\{component="queue",le="0\.005"\} \d+$/m,
    /^portal_health_probe_duration_seconds_bucket\{component="queue",le="1\.0"\} \d+$/m,
    /^portal_health_last_success_timestamp_seconds\{component="queue"\} \d+\.?\d*$/m,
  ]) {
    assert.match(body, line);
  }
  const figure = (pattern: RegExp): number => Number(pattern.exec(body)?.[1]);
  const all = figure(/_bucket\{component="queue",le="\+Inf"\} (\d+)/);
  assert.equal(all, figure(/probe_duration_seconds_count\{component="queue"\} (\d+)/));
});

test('a run that this process kept from finding out is unknown, and no success', () => {
  const counter = createRunCounter('database');
  counter.note({ state: 'down', latencyMs: null, problems: ['THREAD_POOL_BUSY'], isOwnProblem: true }, 1_000);
  counter.note({ state: 'down', latencyMs: null, problems: ['CHECK_TIMEOUT'], unfinished: true }, 60_000);
  counter.note({ state: 'slow', latencyMs: 600, problems: ['DATABASE_SLOW'] }, 600);
  const { outcomes, buckets, sumS, lastSuccessS } = counter.counts();
  assert.deepEqual(outcomes, { up: 0, slow: 1, down: 0, unknown: 2 });
  assert.deepEqual(
    buckets,
    RUN_BOUNDS_S.map((bound) => (bound < 0.75 ? 0 : bound < 1 ? 1 : 2)),
  );
  assert.equal(sumS, 61.6);
  assert.ok(lastSuccessS !== null);
});
