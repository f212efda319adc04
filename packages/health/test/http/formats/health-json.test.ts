import assert from 'node:assert/strict';
import { test } from 'node:test';
import { healthJson } from '../../../src/http/formats/health-json.js';
import { BROKEN_SNAPSHOT, HEALTHY_SNAPSHOT, component } from './snapshots.js';

test('a healthy service: everything passes, each figure with its unit', () => {
  const { status, checks } = healthJson(HEALTHY_SNAPSHOT, 'healthy', 'public');
  assert.equal(status, 'pass');
  assert.deepEqual(checks['database:responseTime'], [
    {
      componentType: 'datastore',
      observedValue: 1.2,
      observedUnit: 'ms',
      status: 'pass',
      time: '2026-03-01T00:00:02.500Z',
    },
  ]);
  assert.deepEqual(checks['database:connections'], [
    { componentType: 'datastore', observedValue: 2, observedUnit: 'connections', status: 'pass' },
  ]);
  assert.deepEqual(checks['cache:hitRate'], [
    { componentType: 'datastore', observedValue: 96.2, observedUnit: 'percent', status: 'pass' },
  ]);
  assert.equal(checks['source:hash'], undefined, 'the hash is for administrators');
});

test('an administrator sees the hash', () => {
  const { checks } = healthJson(HEALTHY_SNAPSHOT, 'healthy', 'admin');
  assert.deepEqual(checks['source:hash'], [
    { componentType: 'system', observedValue: 'a1b2c3', observedUnit: 'sha256', status: 'pass' },
  ]);
});

test('a broken service: each part by its own state; what was not measured is absent', () => {
  const { status, checks } = healthJson(BROKEN_SNAPSHOT, 'unhealthy', 'public');
  assert.equal(status, 'fail');
  const states = Object.entries(checks).map(([key, [check]]) => [key, check?.status]);
  assert.deepEqual(Object.fromEntries(states), {
    'database:responseTime': 'fail',
    'cache:responseTime': 'fail',
    'queue:responseTime': 'warn',
    'source:hash': 'warn',
    'eventLoop:delay': 'warn',
  });
  assert.ok(!JSON.stringify(checks).includes('null'));
});

test('output is for administrators, and only where something is wrong', () => {
  assert.ok(!JSON.stringify(healthJson(BROKEN_SNAPSHOT, 'unhealthy', 'public')).includes('output'));
  assert.ok(!JSON.stringify(healthJson(HEALTHY_SNAPSHOT, 'healthy', 'admin')).includes('output'));
  const { checks } = healthJson(BROKEN_SNAPSHOT, 'unhealthy', 'admin');
  assert.equal(
    checks['database:responseTime']?.[0]?.output,
    'The database does not answer in time (DATABASE_TIMEOUT)',
  );
});

test('findings about parts that are up: read-only warns, a stalled pool fails', () => {
  const readOnly = { ...HEALTHY_SNAPSHOT, components: [component('database', 'up', 'DATABASE_READ_ONLY')] };
  assert.equal(
    healthJson(readOnly, 'degraded', 'public').checks['database:responseTime']?.[0]?.status,
    'warn',
  );
  const stalled = { ...HEALTHY_SNAPSHOT, otherProblems: ['DATABASE_POOL_STALLED'] as const };
  assert.equal(
    healthJson(stalled, 'unhealthy', 'public').checks['database:connections']?.[0]?.status,
    'fail',
  );
});

test('by the rules of the draft: known words, a unit with every value, keys of a component and a measurement', () => {
  for (const facts of [HEALTHY_SNAPSHOT, BROKEN_SNAPSHOT]) {
    for (const viewer of ['public', 'admin'] as const) {
      for (const [key, list] of Object.entries(healthJson(facts, 'degraded', viewer).checks)) {
        assert.match(key, /^[a-zA-Z]+:[a-zA-Z]+$/);
        assert.ok(list.length >= 1);
        for (const check of list) {
          assert.ok(['pass', 'warn', 'fail'].includes(check.status));
          assert.equal(check.observedValue === undefined, check.observedUnit === undefined);
          if (check.status === 'pass') assert.equal(check.output, undefined);
          if (check.time !== undefined) assert.equal(new Date(check.time).toISOString(), check.time);
        }
      }
    }
  }
});
