import { deepEqual, doesNotMatch, equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { NOT_SHOWABLE, vetName } from 'portal-shared/vet-name';
import { PROBLEMS } from '../../src/problems.js';
import { explain, REASONS } from '../../src/reasons/catalogue.js';
import { REASON_CODES, type ReasonCode } from '../../src/reasons/reason-codes.js';
import type { Figures, Names } from '../../src/reasons/sighting.js';
import { duration, size } from '../../src/reasons/words.js';

function said(code: ReasonCode, figures: Figures = {}, names: Names = {}): string {
  return explain({ code, component: 'database', figures, names }).sentence;
}

void test('every code has its sentence, its next step, and explains problems that there are', () => {
  deepEqual(Object.keys(REASONS).toSorted(), [...REASON_CODES].toSorted());
  for (const code of REASON_CODES) {
    const { explains, next } = REASONS[code];
    // Also without a single figure: what is not known is said to be so.
    const sentence = said(code);
    ok(sentence.length > 10 && next.length > 10, code);
    doesNotMatch(sentence + next, /undefined|null|NaN|Infinity|\[object/, code);
    for (const problem of explains) ok(Object.hasOwn(PROBLEMS, problem), problem);
    // A code that is a problem too explains itself first.
    if (Object.hasOwn(PROBLEMS, code)) equal(explains[0], code);
  }
});

void test('a lock queue names its length, its head, and what the head does', () => {
  const figures = { sessions: 14, longest_ms: 2_000, head_state: 'idle in transaction', head_ms: 2_400 };
  equal(
    said('LOCK_QUEUE', figures, { application: 'worker' }),
    '14 sessions wait for a lock, the longest for 2 s; at the head is a session of application "worker" ' +
      'that has done nothing in an open transaction for 2 s',
  );
  equal(
    said('LOCK_QUEUE', { sessions: 1, longest_ms: null, at_least: 1, head_state: null }, { role: 'worker' }),
    'At least 1 session waits for a lock, for how long is hidden; at the head is a session of role "worker"; ' +
      'what it does is hidden from this role (grant pg_monitor)',
  );
  match(said('LOCK_QUEUE', { head_state: 'prepared', head_ms: 61_000 }), /prepared transaction for 61 s$/);
  match(said('LOCK_QUEUE', { head_state: 'gone' }), /a session that has just gone$/);
});

void test('a leak names who took the connection and where, as far as that is known', () => {
  const figures = { connections: 2, size: 20, longest_ms: 31_000 };
  equal(
    said('CONNECTION_LEAK', figures, { label: 'POST /orders', site: 'createOrder src/orders.js:41' }),
    '2 of 20 connections are checked out and run no statement, the longest for 31 s, taken by POST /orders, ' +
      'taken at createOrder src/orders.js:41',
  );
  equal(
    said('CONNECTION_LEAK', { ...figures, connections: 1, size: null, transaction: null }),
    '1 connection of the pool is checked out and runs no statement, the longest for 31 s; ' +
      'whether in a transaction is not told by the driver',
  );
});

void test('a name that cannot be shown is not', () => {
  equal(vetName('report-worker'), 'report-worker');
  equal(vetName('POST /orders/:id'), 'POST /orders/:id');
  for (const name of [
    '',
    'a'.repeat(41),
    '<!channel> a',
    'a\nb',
    'é',
    '*a*',
    '@all',
    '[a](b)',
    undefined,
    7,
  ]) {
    equal(vetName(name), NOT_SHOWABLE);
  }
});

void test('what looks like a secret cannot be shown either, and what only speaks of one can', () => {
  for (const secret of [
    'sk_live_4eC39HqLyjWDarjtT1zdp7dc',
    'sk-proj-abc',
    'ghp_16C7e42F292c6912E7710c838347Ae178B4a',
    'AKIAIOSFODNN7EXAMPLE',
    'eyJhbGciOiJIUzI1NiJ9.e30.abc',
    'worker xoxb-1-2',
    'password:hunter2',
    'api-key:abc',
    'Bearer abc',
    'postgres://app:hunter2/orders',
    'worker-9f86d081884c7d659a2f',
  ]) {
    equal(vetName(secret), NOT_SHOWABLE, secret);
  }
  for (const name of [
    'token-refresher-production',
    'POST /password/:id',
    'GET /api/tokens',
    'web-7d4b9c6f5b-x2k9p',
    'task-runner',
    '550e8400-e29b-41d4-a716-446655440000',
    'PostgreSQL JDBC Driver',
    'psql',
    'http://worker.internal/jobs',
    'synchronizeInventoryOfWarehouses',
  ]) {
    equal(vetName(name), name);
  }
});

void test('every text of a sighting is vetted, whatever its key, in the sentence and in the figures', () => {
  const hostile = '<!channel> a\nb';
  const { sentence, figures } = explain({
    code: 'CONNECTIONS_EXHAUSTED',
    component: 'database',
    figures: { used: 99, max: 100, largest: 90, largest_state: hostile },
    names: { application: hostile, role: hostile },
  });
  doesNotMatch(sentence + JSON.stringify(figures), /<!channel>|\n/);
  match(sentence, /90 belong to an application with a name that cannot be shown/);
  deepEqual(explain({ code: 'XID_AGE', component: null, figures: { left: Number.NaN } }).figures, {
    left: null,
  });
});

void test('an application without a name is shown by its role', () => {
  const names = { application: '', role: 'migr' };
  match(
    said('LONG_TRANSACTION', { open_ms: 300_000, head_state: 'active' }, names),
    /a session of role "migr"/,
  );
});

void test('a named store stands before its sentence', () => {
  const { sentence, figures } = explain({
    code: 'DATABASE_DISK_FULL',
    component: 'database.reports',
    figures: {},
  });
  equal(sentence, 'reports: The database cannot write: its disk is full');
  equal(figures['component'], 'reports');
});

void test('times and sizes are read at a glance', () => {
  deepEqual(
    [0, 850, 3_100, 119_000, 300_000, 7_200_000, 200_000_000, null].map((ms) => duration(ms)),
    ['0 ms', '850 ms', '3 s', '119 s', '5 min', '2 h', '2 days', 'a time that is not known'],
  );
  deepEqual(
    [12, 64_000, 1_200_000_000, 547e9, null].map((bytes) => size(bytes)),
    ['12 bytes', '64 kB', '1.2 GB', '547 GB', 'an unknown amount'],
  );
});
