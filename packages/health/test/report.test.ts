import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describe, inOrder, PROBLEMS, type ProblemCode } from '../src/problems.js';
import {
  buildReport,
  failedReport,
  oneDecimal,
  publishedTime,
  UNMEASURED_CACHE,
  UNMEASURED_DATABASE,
} from '../src/report.js';
import { HEALTHY_SNAPSHOT, component } from './http/formats/snapshots.js';

/** The document of the published page, to the letter. */
const PUBLISHED = `{"status":"healthy","database":true,"cache":true,"started_at":"2026-03-01T00:00:00Z","db_statistics":{"size":20,"checked_in":18,"checked_out":2,"overflow":0,"total":20,"latency_ms":1.2},"cache_statistics":{"memory_usage_bytes":1814192,"total_keys":200,"connected_clients":5,"uptime_seconds":86400,"evicted_keys":0,"hit_rate":96.2,"total_commands_processed":75000,"latency_ms":0.3},"source_hash":"a1b2c3","errors":[]}`;

test('the administrator gets the published document to the letter', () => {
  assert.equal(JSON.stringify(buildReport(HEALTHY_SNAPSHOT, 'admin')), PUBLISHED);
});

test('the public gets the same without source_hash', () => {
  assert.equal(
    JSON.stringify(buildReport(HEALTHY_SNAPSHOT, 'public')),
    PUBLISHED.replace('"source_hash":"a1b2c3",', ''),
  );
});

test('what is down is false, explained once, the database first', () => {
  const report = buildReport(
    {
      ...HEALTHY_SNAPSHOT,
      components: [
        component('database', 'down', 'DATABASE_TIMEOUT'),
        component('cache', 'stale', 'CHECK_STALE'),
      ],
      otherProblems: ['SOURCE_DRIFTED', 'SOURCE_DRIFTED'],
      databaseStatistics: UNMEASURED_DATABASE,
      cacheStatistics: UNMEASURED_CACHE,
    },
    'admin',
  );
  assert.equal(report.status, 'unhealthy');
  assert.equal(report.database, false);
  assert.equal(report.cache, false);
  assert.deepEqual(report.errors, [
    'The database does not answer in time (DATABASE_TIMEOUT)',
    'The source on disk is not the source that was started (SOURCE_DRIFTED)',
    'A check has no fresh result (CHECK_STALE)',
  ]);
  assert.ok(Object.values(report.cache_statistics).every((figure) => figure === null));
});

test('slow still answers: connectivity true, status degraded', () => {
  const report = buildReport(
    { ...HEALTHY_SNAPSHOT, components: [component('database', 'slow', 'DATABASE_SLOW'), component('cache')] },
    'public',
  );
  assert.equal(report.database, true);
  assert.equal(report.status, 'degraded');
});

test('what nobody watches is null and does not count', () => {
  const report = buildReport({ ...HEALTHY_SNAPSHOT, components: [] }, 'public');
  assert.deepEqual(
    [report.database, report.cache, report.status, report.errors],
    [null, null, 'healthy', []],
  );
});

test('of several databases and caches each is named, and connectivity is that of all', () => {
  const auth = { ...component('auth', 'down', 'DATABASE_TIMEOUT'), type: 'database' } as const;
  const sessions = { ...component('sessions'), type: 'cache' } as const;
  const one = { statistics: UNMEASURED_DATABASE, waiting: 3 };
  const report = buildReport(
    {
      ...HEALTHY_SNAPSHOT,
      components: [component('database', 'down', 'DATABASE_TIMEOUT'), auth, component('cache'), sessions],
      databases: [
        { ...one, name: 'auth', problems: [] },
        { ...one, name: 'jobs', problems: ['DATABASE_POOL_STALLED'] },
      ],
    },
    'public',
  );
  assert.deepEqual([report.database, report.cache, report.status], [false, true, 'unhealthy']);
  assert.deepEqual(report.errors, [
    'The database does not answer in time (DATABASE_TIMEOUT)',
    'auth: The database does not answer in time (DATABASE_TIMEOUT)',
    'jobs: Callers wait for a connection and none has been returned for a while (DATABASE_POOL_STALLED)',
  ]);
  const named = buildReport({ ...HEALTHY_SNAPSHOT, components: [sessions] }, 'public');
  assert.deepEqual([named.database, named.cache], [null, true]);
});

test('a database that only fresh connections find down is degraded and still true', () => {
  const findings = [component('database', 'limited', 'DATABASE_TOO_MANY_CONNECTIONS'), component('cache')];
  const report = buildReport({ ...HEALTHY_SNAPSHOT, components: findings }, 'public');
  assert.deepEqual([report.status, report.database], ['degraded', true]);
  assert.deepEqual(report.errors, [
    'The database accepts no more connections (DATABASE_TOO_MANY_CONNECTIONS)',
  ]);
});

test('a failing check of the application is named', () => {
  const findings = [...HEALTHY_SNAPSHOT.components, component('queue', 'down', 'CHECK_FAILED')];
  const report = buildReport({ ...HEALTHY_SNAPSHOT, components: findings }, 'public');
  assert.equal(report.status, 'degraded');
  assert.deepEqual(report.errors, ['queue: A check of the application failed (CHECK_FAILED)']);
});

test('a report cannot be changed by who receives it', () => {
  const report = buildReport(HEALTHY_SNAPSHOT, 'admin');
  assert.ok([report, report.db_statistics, report.cache_statistics, report.errors].every(Object.isFrozen));
});

test('times have whole seconds, figures one decimal, and null stays null', () => {
  assert.equal(publishedTime(new Date('2026-03-01T00:00:00.987Z')), '2026-03-01T00:00:00Z');
  assert.deepEqual([1.25, 0.04, 3, null].map(oneDecimal), [1.3, 0, 3, null]);
});

test('the catalogue: every sentence is plain words, and every code keeps its order', () => {
  const codes = Object.keys(PROBLEMS) as ProblemCode[];
  for (const code of codes) {
    assert.match(
      code,
      /^(DATABASE|CACHE|SOURCE|CHECK|EVENT_LOOP|THREAD_POOL|NAME|PASSWORD|PROCESS)_[A-Z_]+$/,
    );
    assert.match(describe(code), /^[A-Z][A-Za-z ]+ \([A-Z_]+\)$/);
  }
  assert.deepEqual(inOrder([...codes.toReversed(), ...codes]), codes);
});

test('a report that cannot be made still has every key, and says that nothing is known', () => {
  for (const viewer of ['public', 'admin'] as const) {
    const report = failedReport('2026-03-01T00:00:00Z', viewer);
    assert.deepEqual(Object.keys(report), Object.keys(buildReport(HEALTHY_SNAPSHOT, viewer)));
    assert.equal(report.status, 'unhealthy');
  }
});
