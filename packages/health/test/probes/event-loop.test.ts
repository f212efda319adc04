import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from 'portal-test-kit';
import { createEventLoopWatch } from '../../src/probes/event-loop.js';

function block(ms: number): void {
  const endMs = performance.now() + ms;
  while (performance.now() < endMs);
}

test('a block is told at once, remembered for a while, and then forgotten', async () => {
  const watch = createEventLoopWatch({ delayedAfterMs: 100, rememberedForMs: 1_000 });
  watch.start();
  watch.start();
  try {
    await waitFor('a calm moment', () => watch.problems().length === 0);
    block(150);
    // Before its timer, as a request may be that was waiting in the meantime.
    assert.deepEqual(watch.problems(), ['EVENT_LOOP_DELAYED']);
    await sleep(50);
    assert.deepEqual(watch.problems(), ['EVENT_LOOP_DELAYED']);
    await waitFor('the delay to be forgotten', () => watch.problems().length === 0);
  } finally {
    watch.close();
  }
});

test('a block that nobody asked about in time is told by the timer', async () => {
  const watch = createEventLoopWatch({ delayedAfterMs: 100, rememberedForMs: 60_000 });
  watch.start();
  await sleep(20);
  block(150);
  await sleep(50);
  assert.deepEqual(watch.problems(), ['EVENT_LOOP_DELAYED']);
  watch.close();
});

test('neither before its start nor after its end does it hold or find anything', async () => {
  const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const before = timers();
  const watch = createEventLoopWatch({ delayedAfterMs: 50 });
  block(100);
  assert.deepEqual(watch.problems(), []);
  assert.equal(timers(), before);
  watch.start();
  assert.equal(timers(), before, 'its timer does not hold the process');
  watch.close();
  block(100);
  assert.deepEqual(watch.problems(), []);
});
