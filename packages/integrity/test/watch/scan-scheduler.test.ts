import assert from 'node:assert/strict';
import { test } from 'node:test';
import { waitFor } from 'portal-test-kit';
import type { ScanReply } from '../../src/watch/scan-messages.js';
import { startScanScheduler, type ScanSchedulerOptions } from '../../src/watch/scan-scheduler.js';

const NOTHING_NEW: ScanReply = {
  result: { hash: 'x', files: 1, bytes: 1 },
  scanErrors: [],
  changed: undefined,
};
const SOON = { timeoutMs: 15_000 };

/** A patrol over a thread that answers at once, and how often it looked. */
function schedulerOver(options: Partial<ScanSchedulerOptions>) {
  const counts = { looks: 0, ended: 0 };
  const patrol = startScanScheduler({
    worker: {
      scan: () => Promise.resolve(NOTHING_NEW),
      reread: () => Promise.resolve({ spentMs: 1, complete: true }),
    },
    scanIntervalMs: 100,
    files: () => 1,
    onScan: () => void (counts.looks += 1),
    onReread: () => undefined,
    onEnd: () => void (counts.ended += 1),
    ...options,
  });
  // The patrol itself does not hold the process.
  const holding = setInterval(() => undefined, 1_000);
  return {
    counts,
    patrol,
    close: () => {
      clearInterval(holding);
      patrol.close();
    },
  };
}

test('sweeps come by themselves, one interval after the other', async () => {
  const beganMs = performance.now();
  const { counts, close } = schedulerOver({});
  await waitFor('ten sweeps', () => counts.looks >= 10, SOON);
  // Nine pauses of at least 80 ms.
  assert.ok(performance.now() - beganMs >= 700);
  close();
});

test('hints that pour in make for one early sweep, and then for a rest', async () => {
  const { counts, patrol, close } = schedulerOver({ scanIntervalMs: 600_000 });
  const pouring = setInterval(() => patrol.onFsEvent(), 1);
  const beganMs = performance.now();
  await waitFor('two sweeps', () => counts.looks >= 2, SOON);
  assert.ok(performance.now() - beganMs >= 1_000);
  clearInterval(pouring);
  close();
});

test('a hint during a sweep makes for another', async () => {
  let looks = 0;
  const { patrol, close } = schedulerOver({
    scanIntervalMs: 600_000,
    worker: {
      scan: () => {
        looks += 1;
        if (looks === 1) patrol.onFsEvent();
        return Promise.resolve(NOTHING_NEW);
      },
      reread: () => Promise.resolve({ spentMs: 1, complete: true }),
    },
  });
  patrol.onFsEvent();
  await waitFor('the second sweep', () => looks === 2, SOON);
  close();
});

test('a thread that ended ends the patrol, once', async () => {
  const { counts, patrol, close } = schedulerOver({
    worker: {
      scan: () => Promise.reject(new Error('ended')),
      reread: () => Promise.reject(new Error('ended')),
    },
  });
  patrol.onFsEvent();
  await waitFor('the end', () => counts.ended > 0, SOON);
  patrol.onFsEvent();
  assert.deepEqual(counts, { looks: 0, ended: 1 });
  close();
});
