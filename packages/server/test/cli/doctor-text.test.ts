import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Diagnosis } from 'portal-health/diagnose';
import { diagnosisText, exitCodeOf } from '../../src/cli/doctor-text.js';

const WELL: Diagnosis = {
  component: 'database',
  state: 'up',
  latencyMs: 1.25,
  problems: [],
  cause: null,
  reasons: [],
  seesAll: true,
  unanswered: null,
};
const REASON = { code: 'LOCK_QUEUE', sentence: 'Some wait', next: 'End the head.', figures: {} } as const;

test('by the worst', () => {
  assert.equal(exitCodeOf([WELL, WELL]), 0);
  assert.equal(exitCodeOf([WELL, { ...WELL, reasons: [REASON] }]), 1);
  assert.equal(exitCodeOf([{ ...WELL, state: 'slow', problems: ['DATABASE_SLOW'] }]), 1);
  assert.equal(exitCodeOf([{ ...WELL, problems: ['DATABASE_READ_ONLY'] }]), 1);
  assert.equal(exitCodeOf([WELL, { ...WELL, state: 'down', problems: ['DATABASE_TIMEOUT'] }]), 2);
});

test('cause, holder, next step; what is hidden, and what was not answered', () => {
  const text = diagnosisText([
    { ...WELL, problems: ['DATABASE_READ_ONLY'], reasons: [REASON], seesAll: false },
    { ...WELL, unanswered: '42501', seesAll: null },
    { ...WELL, component: 'cache', seesAll: false },
  ]);
  assert.equal(
    text,
    `database: up, answers in 1.3 ms
  The database refuses writes (DATABASE_READ_ONLY)
    Next: After a failover: does the name lead to the primary? Where it is meant, database.readOnly says so.
  Some wait (LOCK_QUEUE)
    Next: End the head.
  What the sessions of other roles do is hidden from this role: GRANT pg_monitor TO it, and look again.
database: up, answers in 1.3 ms, nothing is wrong
  Who holds what was asked and not answered (42501).
cache: up, answers in 1.3 ms, nothing is wrong
  What the cache tells of itself is hidden from this user: ACL SETUSER it +info, and look again.`,
  );
});
