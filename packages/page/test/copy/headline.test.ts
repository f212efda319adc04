import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PROBLEMS } from 'portal-health';
import {
  causesOf,
  causesOfErrors,
  namedSentence,
  publicSentence,
  problemSentence,
} from '../../src/copy/headline.js';

const error = (code: keyof typeof PROBLEMS): string => `${PROBLEMS[code].sentence} (${code})`;

test('the worst cause comes first: what makes the service useless before what makes it slower', () => {
  const causes = causesOfErrors([
    error('DATABASE_READ_ONLY'),
    error('DATABASE_POOL_STALLED'),
    error('CACHE_TIMEOUT'),
    error('CHECK_TIMEOUT'),
  ]);
  assert.deepEqual(
    causes.map(({ code }) => code),
    ['DATABASE_POOL_STALLED', 'CHECK_TIMEOUT', 'DATABASE_READ_ONLY', 'CACHE_TIMEOUT'],
  );
  assert.equal(causes[0]?.sentence, PROBLEMS.DATABASE_POOL_STALLED.sentence);
  assert.ok(causes.every(({ advice }) => advice));
});

test('the code of every sentence of a published report is read', () => {
  for (const [code, { sentence }] of Object.entries(PROBLEMS)) {
    for (const published of [`${sentence} (${code})`, `orders: ${sentence} (${code})`]) {
      const [cause] = causesOfErrors([published]);
      assert.deepEqual([cause?.code, `${cause?.sentence} (${code})`], [code, published]);
    }
  }
});

test('a problem of a newer service is shown as it was sent, after the known ones', () => {
  const causes = causesOfErrors(['Something new (MOON_FULL)', error('CACHE_SLOW')]);
  assert.deepEqual(causes.at(-1), {
    code: null,
    component: null,
    sentence: 'Something new (MOON_FULL)',
    since: null,
    advice: null,
  });
  assert.equal(problemSentence('MOON_FULL'), 'MOON_FULL');
});

test('the public sentence says which of the two stores does not answer', () => {
  const status = {
    status: 'unhealthy',
    since: '',
    causes: [],
    checked_at: null,
    codes_delivered: false,
  } as const;
  const words = [true, false].flatMap((database) =>
    [true, false].map((cache) => publicSentence({ ...status, database, cache })),
  );
  assert.deepEqual(words, [
    'something needs attention',
    'the cache does not answer',
    'the database does not answer',
    'neither the database nor the cache answers',
  ]);
});

test('each cause has its own begin, and an old cause does not come before a new one of the same rank', () => {
  const at = (minute: number): string => `2026-03-01T02:${minute}:00.000Z`;
  const causes = causesOf([
    { component: 'source', code: 'SOURCE_DRIFTED', since: at(10) },
    { component: 'orders', code: 'DATABASE_TIMEOUT', since: at(50) },
    { component: 'database', code: 'DATABASE_UNREACHABLE', since: at(40) },
    { component: 'cache', code: 'CACHE_TIMEOUT', since: at(20) },
  ]);
  assert.deepEqual(
    causes.map(({ code, since }) => [code, since]),
    [
      ['DATABASE_UNREACHABLE', at(40)],
      ['DATABASE_TIMEOUT', at(50)],
      ['CACHE_TIMEOUT', at(20)],
      ['SOURCE_DRIFTED', at(10)],
    ],
  );
  assert.equal(causes[1]?.sentence, 'orders: The database does not answer in time');
  assert.equal(namedSentence('cache', 'CACHE_TIMEOUT'), 'The cache does not answer in time');
  assert.equal(namedSentence('cache', 'CHECK_STALE'), 'cache: A check has no fresh result');
});
