import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import { startRunClock, type RunClock } from '../src/run-clock.js';

function block(ms: number): void {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs);
}

/** Resolves with the reason of a wait that has been too long, and its clock. */
function untilLate(deadlineMs: number, capMs: number): Promise<{ reason: string; clock: RunClock }> {
  return new Promise((resolve) => {
    const clock = startRunClock({ deadlineMs, capMs, onLate: (reason) => resolve({ reason, clock }) });
  });
}

test('an idle wait is the other side’s', async () => {
  const { reason, clock } = await untilLate(200, 60_000);
  assert.equal(reason, 'timeout');
  assert.ok(clock.othersMs() >= 200);
});

test('the time of a block is this process’s own', async () => {
  const clock = startRunClock({ deadlineMs: 60_000, capMs: 60_000, onLate: () => undefined });
  block(500);
  const blockedMs = clock.othersMs();
  await sleep(0);
  clock.stop();
  assert.ok(blockedMs < 100, `${blockedMs} ms of the other side`);
  assert.ok(clock.isHindered());
});

test('of a loop that is busy without a pause nothing can be said, until it has had more turns than a run has steps', async () => {
  let busy = true;
  const turn = (): void => {
    block(20);
    if (busy) setImmediate(turn);
  };
  setImmediate(turn);
  try {
    assert.equal((await untilLate(100, 300)).reason, 'hindered');
    assert.equal((await untilLate(100, 60_000)).reason, 'timeout');
  } finally {
    busy = false;
  }
});

test('after a block longer than any limit there is a deadline left', async () => {
  const late = untilLate(100, 300);
  block(2_000);
  const beganMs = performance.now();
  assert.equal((await late).reason, 'timeout');
  // A timer may fire up to a millisecond early, once in each of ten ticks.
  assert.ok(performance.now() - beganMs >= 80);
});

test('a clock that is stopped is never late', async () => {
  const clock = startRunClock({ deadlineMs: 20, capMs: 60, onLate: () => assert.fail('late') });
  clock.stop();
  await sleep(100);
});
