import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REASON_CODES } from 'portal-health';
import type { ReasonDocument } from 'portal-server/api';
import { causesOf } from '../../src/copy/headline.js';
import { instanceReasonText, otherReasons, reasonsOf, usersNotice } from '../../src/copy/reason-texts.js';

function reason(
  code: ReasonDocument['code'],
  explains: ReasonDocument['explains'],
  figures: ReasonDocument['figures'] = {},
): ReasonDocument {
  const checkedAt = '2026-03-01T12:00:00.000Z';
  return { code, explains, figures, sentence: code, checked_at: checkedAt, age_ms: 0, next: 'Look.' };
}

test('every reason says what users notice; one of a newer service says nothing of it', () => {
  for (const code of REASON_CODES) assert.match(usersNotice(code) ?? '', /^[A-Z].*\.$/, code);
  assert.equal(usersNotice('MOON_FULL'), null);
  assert.equal(usersNotice('toString'), null);
});

test('each stands below the cause that it explains, of several databases below its own, the rest apart', () => {
  const since = '2026-03-01T12:00:00.000Z';
  const causes = causesOf([
    { component: 'database', code: 'DATABASE_POOL_SATURATED', since },
    { component: 'reports', code: 'DATABASE_POOL_SATURATED', since },
  ]);
  const leak = reason('CONNECTION_LEAK', 'DATABASE_POOL_SATURATED');
  const locks = reason('LOCK_QUEUE', 'DATABASE_POOL_SATURATED', { component: 'reports' });
  const ends = reason('CERTIFICATE_ENDS', null);
  const slow = reason('CACHE_SLOW_COMMAND', 'CACHE_SLOW');
  const reasons = [locks, leak, slow, ends];
  const below = (name: string): readonly ReasonDocument[] =>
    causes.filter(({ component }) => component === name).flatMap((cause) => reasonsOf(cause, reasons));
  assert.deepEqual(below('reports'), [locks, leak]);
  assert.deepEqual(below('database'), [leak]);
  assert.deepEqual(otherReasons(causes, reasons), [slow, ends]);
});

test('what another process says is told in words of ours: its figures, its durations, and its names', () => {
  const figures = { sessions: 1_400, longest_ms: 31_000, head_ms: null, application: 'worker' };
  assert.equal(
    instanceReasonText({ code: 'LOCK_QUEUE', figures }),
    `${usersNotice('LOCK_QUEUE')} (sessions ${(1_400).toLocaleString()}, longest 31 s, application worker)`,
  );
  assert.equal(instanceReasonText({ code: 'LOCK_QUEUE', figures: {} }), usersNotice('LOCK_QUEUE'));
});
