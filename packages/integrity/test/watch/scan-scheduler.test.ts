import assert from 'node:assert/strict';
import { test } from 'node:test';
import { waitFor } from 'portal-test-kit';
import type { ScanReply } from '../../src/watch/scan-worker.js';
import { createDuty } from '../../src/watch/duty.js';
import { startScanScheduler, type ScanSchedulerOptions } from '../../src/watch/scan-scheduler.js';

const NOTHING_NEW: ScanReply = {
  result: { hash: 'x', files: 1, bytes: 1 },
  scanErrors: [],
  hasIntruder: false,
  changed: undefined,
  watching: 'scans',
  lastRun: undefined,
  changedEarly: undefined,
  writable: null,
};
const SOON = { timeoutMs: 60_000 };

/** A scheduler over a thread that replies at once, and how often it scanned. */
function schedulerOver(options: Partial<ScanSchedulerOptions>) {
  const counts = { scans: 0, ended: 0 };
  const scheduler = startScanScheduler({
    scan: () => Promise.resolve(NOTHING_NEW),
    reread: () => Promise.resolve({ spentMs: 1, complete: true }),
    duty: createDuty(),
    scanIntervalMs: 100,
    files: () => 1,
    onScan: () => void (counts.scans += 1),
    onReread: () => undefined,
    onEnd: () => void (counts.ended += 1),
    ...options,
  });
  // The scheduler itself does not hold the process.
  const holding = setInterval(() => undefined, 1_000);
  return {
    counts,
    scheduler,
    close: () => {
      clearInterval(holding);
      scheduler.close();
    },
  };
}

test('scans come by themselves, one interval after the other', async () => {
  const beganMs = performance.now();
  const { counts, close } = schedulerOver({});
  await waitFor('ten scans', () => counts.scans >= 10, SOON);
  // Nine pauses of at least 80 ms.
  assert.ok(performance.now() - beganMs >= 700);
  close();
});

test('fs events that pour in make for one early scan, and then for a rest', async () => {
  const { counts, scheduler, close } = schedulerOver({ scanIntervalMs: 600_000 });
  const pouring = setInterval(() => scheduler.onFsEvent(), 1);
  const beganMs = performance.now();
  await waitFor('two scans', () => counts.scans >= 2, SOON);
  assert.ok(performance.now() - beganMs >= 1_000);
  clearInterval(pouring);
  close();
});

test('an fs event during a scan makes for another', async () => {
  let scans = 0;
  const { scheduler, close } = schedulerOver({
    scanIntervalMs: 600_000,
    scan: () => {
      scans += 1;
      if (scans === 1) scheduler.onFsEvent();
      return Promise.resolve(NOTHING_NEW);
    },
  });
  scheduler.onFsEvent();
  await waitFor('the second scan', () => scans === 2, SOON);
  close();
});

test('a thread that ended ends the scheduler, once', async () => {
  const { counts, scheduler, close } = schedulerOver({
    scan: () => Promise.reject(new Error('ended')),
    reread: () => Promise.reject(new Error('ended')),
  });
  scheduler.onFsEvent();
  await waitFor('the end', () => counts.ended > 0, SOON);
  scheduler.onFsEvent();
  assert.deepEqual(counts, { scans: 0, ended: 1 });
  close();
});
