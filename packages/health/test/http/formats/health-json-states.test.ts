/**
 * The rules of the draft in every state that the parts can be in together: each state of database, cache and a check, with
 * every finding about pool, source and event loop, measured or not, for both viewers.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { healthJson, type HealthJson } from '../../../src/http/formats/health-json.js';
import { PROBLEMS, type ProblemCode } from '../../../src/problems.js';
import {
  buildReport,
  UNMEASURED_CACHE,
  UNMEASURED_DATABASE,
  type HealthSnapshot,
  type ComponentStatus,
} from '../../../src/report.js';
import type { Status, Viewer } from '../../../src/types.js';
import { HEALTHY_SNAPSHOT, component } from './snapshots.js';

const WORD: Readonly<Record<Status, string>> = { healthy: 'pass', degraded: 'warn', unhealthy: 'fail' };
const SENTENCES = new RegExp(Object.keys(PROBLEMS).join('|'));

/** Not looked at yet: stale, without a time. */
function pending(name: string): ComponentStatus {
  return { ...component(name, 'stale', 'CHECK_STALE'), checkedAt: null };
}

/** Every state of a part with what it must be called. */
function statesOf(
  name: string,
  prefix: 'DATABASE' | 'CACHE' | 'CHECK',
  degraded?: ProblemCode,
): [ComponentStatus, string][] {
  return [
    [component(name), 'pass'],
    [{ ...component(name, 'slow', `${prefix}_SLOW`), latencyMs: 812.34 }, 'warn'],
    [component(name, 'down', `${prefix}_TIMEOUT`), 'fail'],
    [component(name, 'down', `${prefix}_FAILED`), 'fail'],
    [component(name, 'stale', 'CHECK_STALE'), 'fail'],
    [pending(name), 'fail'],
    ...(degraded ? [[component(name, 'up', degraded), 'warn'] as [ComponentStatus, string]] : []),
  ];
}

const DATABASE = statesOf('database', 'DATABASE', 'DATABASE_READ_ONLY');
const CACHE = statesOf('cache', 'CACHE', 'CACHE_OUT_OF_MEMORY');
const QUEUE = statesOf('queue', 'CHECK').map(([finding, word]): [ComponentStatus, string] => [
  { ...finding, critical: true },
  word,
]);
/** Findings that belong to no part, under which key they are told, and what they make of it. */
const OTHERS: readonly (readonly [ProblemCode, string, string])[] = [
  ['DATABASE_POOL_SATURATED', 'database:connections', 'warn'],
  ['DATABASE_POOL_STALLED', 'database:connections', 'fail'],
  ['SOURCE_DRIFTED', 'source:hash', 'warn'],
  ['SOURCE_MISMATCH', 'source:hash', 'warn'],
  ['SOURCE_LOADED_DIFFERS', 'source:hash', 'warn'],
  ['SOURCE_UNREADABLE', 'source:hash', 'warn'],
  ['EVENT_LOOP_DELAYED', 'eventLoop:delay', 'warn'],
];

/** What the draft and our own promises say of any document. */
function assertByTheRules(document: HealthJson, status: Status, viewer: Viewer): void {
  const keys = ['status', 'releaseId', 'serviceId', ...(viewer === 'admin' ? ['instanceId'] : []), 'checks'];
  assert.deepEqual(Object.keys(document), keys);
  assert.equal(document.status, WORD[status]);
  const words = new Set<string>();
  for (const [key, list] of Object.entries(document.checks)) {
    assert.match(key, /^[^:]+:[^:]+$/, 'a component, one colon and a measurement');
    assert.equal(list.length, 1);
    for (const check of list) {
      words.add(check.status);
      assert.ok(['pass', 'warn', 'fail'].includes(check.status), check.status);
      assert.ok(['component', 'datastore', 'system'].includes(check.componentType), check.componentType);
      assert.equal(check.observedValue === undefined, check.observedUnit === undefined, key);
      if (check.time !== undefined) assert.equal(new Date(check.time).toISOString(), check.time);
      if (check.status === 'pass' || viewer === 'public') assert.equal(check.output, undefined, key);
      else assert.match(String(check.output), SENTENCES, `${key} says what is wrong`);
    }
  }
  assert.equal(
    document.status === 'pass',
    !words.has('warn') && !words.has('fail'),
    'what is wrong is among checks',
  );
  if (document.status === 'fail') assert.ok(words.has('fail'));
  const text = JSON.stringify(document);
  assert.deepEqual(JSON.parse(text), document, 'nothing is undefined');
  assert.ok(!text.includes('null') && !text.includes('NaN'));
  if (viewer === 'public')
    assert.ok(!SENTENCES.test(text) && !text.includes(String(HEALTHY_SNAPSHOT.sourceHash)));
}

test('every part in every state beside every other, by the rules of the draft', () => {
  let documents = 0;
  for (const [database, databaseWord] of DATABASE) {
    for (const [cache, cacheWord] of CACHE) {
      for (const [queue, queueWord] of QUEUE) {
        for (const measured of [true, false]) {
          const facts: HealthSnapshot = {
            ...HEALTHY_SNAPSHOT,
            components: [database, cache, queue],
            databaseStatistics: measured ? HEALTHY_SNAPSHOT.databaseStatistics : UNMEASURED_DATABASE,
            cacheStatistics: measured ? HEALTHY_SNAPSHOT.cacheStatistics : UNMEASURED_CACHE,
            sourceHash: measured ? HEALTHY_SNAPSHOT.sourceHash : null,
          };
          const { status } = buildReport(facts, 'public');
          for (const viewer of ['public', 'admin'] as const) {
            const document = healthJson(facts, status, viewer);
            assertByTheRules(document, status, viewer);
            const said = ['database', 'cache', 'queue'].map(
              (name) => document.checks[`${name}:responseTime`],
            );
            assert.deepEqual(
              said.map((list) => list?.[0]?.status),
              [databaseWord, cacheWord, queueWord],
            );
            documents += 1;
          }
        }
      }
    }
  }
  assert.equal(documents, 7 * 7 * 6 * 2 * 2);
});

test('what belongs to no part has a check of its own, measured or not', () => {
  for (const [code, key, word] of OTHERS) {
    for (const measured of [true, false]) {
      for (const viewer of ['public', 'admin'] as const) {
        const facts: HealthSnapshot = {
          ...HEALTHY_SNAPSHOT,
          otherProblems: [code],
          databaseStatistics: measured ? HEALTHY_SNAPSHOT.databaseStatistics : UNMEASURED_DATABASE,
          sourceHash: measured ? HEALTHY_SNAPSHOT.sourceHash : null,
        };
        const { status } = buildReport(facts, viewer);
        const document = healthJson(facts, status, viewer);
        assertByTheRules(document, status, viewer);
        assert.equal(document.checks[key]?.[0]?.status, word, `${code}, measured: ${measured}`);
      }
    }
  }
});

test('before the first look there is no time and no value; without parts there is nothing to tell', () => {
  const { checks } = healthJson(
    { ...HEALTHY_SNAPSHOT, components: [pending('database')] },
    'unhealthy',
    'public',
  );
  assert.deepEqual(checks['database:responseTime'], [{ componentType: 'datastore', status: 'fail' }]);
  const nothing: HealthSnapshot = {
    ...HEALTHY_SNAPSHOT,
    components: [],
    databaseStatistics: UNMEASURED_DATABASE,
    cacheStatistics: UNMEASURED_CACHE,
    sourceHash: null,
    identity: { service: null, version: null, instance: null },
  };
  assert.deepEqual(healthJson(nothing, 'healthy', 'admin'), { status: 'pass', checks: {} });
});
