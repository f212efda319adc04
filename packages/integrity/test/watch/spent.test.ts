import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startCount } from '../../src/watch/spent.js';

test('waiting costs a part of its time, and at least that; computing all that it took of a processor', () => {
  const waited = startCount();
  const beganMs = performance.now();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400);
  const tookMs = performance.now() - beganMs;
  const costMs = waited();
  assert.ok(costMs >= tookMs / 4 - 1 && costMs <= tookMs + 50, `${costMs} of ${tookMs}`);
  // Where the system tells: a thread that sleeps has had no processor.
  if (process.platform === 'linux') assert.ok(costMs < tookMs * 0.75, `${costMs} of ${tookMs}`);

  const computed = startCount();
  const { user } = process.cpuUsage();
  while (process.cpuUsage().user - user < 200_000);
  assert.ok(computed() >= 100, `${computed()}`);
});
