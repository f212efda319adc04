import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Reason } from 'portal-health';
import type { ReasonUpdate } from '../../src/monitoring/history/reason-store.js';
import { createReasonTracker } from '../../src/monitoring/reason-tracker.js';

const NOW = Date.parse('2026-03-01T12:00:00.000Z');

function reason(code: Reason['code'], seconds: number, more: Partial<Reason> = {}): Reason {
  const checkedAt = new Date(NOW + seconds * 1_000);
  return {
    code,
    explains: null,
    sentence: `${code} at ${seconds}`,
    next: '',
    checkedAt,
    ageMs: 0,
    figures: {},
    ...more,
  };
}

test('an update is made at the first report, when a reason begins and when it ends, and at no other', () => {
  const updates: ReasonUpdate[] = [];
  const tracker = createReasonTracker((update) => updates.push(update));
  tracker.update([], NOW);
  assert.deepEqual(updates.splice(0), [{ at: NOW, reasons: [], ended: [] }]);
  tracker.update([], NOW + 1_000);
  tracker.update([reason('LOCK_QUEUE', 1, { explains: 'DATABASE_POOL_STALLED' })], NOW + 2_000);
  const [begun] = updates.splice(0);
  assert.deepEqual(
    begun?.reasons.map(({ code, beganAt }) => [code, beganAt]),
    [['LOCK_QUEUE', NOW + 1_000]],
  );
  tracker.update([reason('LOCK_QUEUE', 3)], NOW + 4_000);
  tracker.update([], NOW + 9_000);
  assert.deepEqual(updates, [
    {
      at: NOW + 9_000,
      reasons: [],
      ended: [
        {
          code: 'LOCK_QUEUE',
          component: null,
          // What it explained once it has explained, and its last words count.
          explains: 'DATABASE_POOL_STALLED',
          sentence: 'LOCK_QUEUE at 3',
          beganAt: NOW + 1_000,
        },
      ],
    },
  ]);
});

test('of several databases each has its own; a clock that was set back begins nothing in the future', () => {
  const updates: ReasonUpdate[] = [];
  const tracker = createReasonTracker((update) => updates.push(update));
  const ofReports = reason('LOCK_QUEUE', 60, { figures: { component: 'reports' } });
  const ofCache = reason('CERTIFICATE_ENDS', 0, { figures: { of: 'cache' } });
  tracker.update([ofReports, reason('LOCK_QUEUE', 0), ofCache], NOW);
  assert.deepEqual(
    updates[0]?.reasons.map(({ component, beganAt }) => [component, beganAt]),
    [
      ['reports', NOW],
      [null, NOW],
      ['cache', NOW],
    ],
  );
});
