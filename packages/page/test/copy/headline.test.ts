import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PROBLEMS } from 'portal-health';
import { causesOf, causesOfErrors, namedSentence, problemSentence } from '../../src/copy/headline.js';

const error = (code: keyof typeof PROBLEMS): string => `${PROBLEMS[code].sentence} (${code})`;

test('the code of every sentence of a published report is read', () => {
  for (const [code, { sentence }] of Object.entries(PROBLEMS)) {
    for (const published of [`${sentence} (${code})`, `orders: ${sentence} (${code})`]) {
      const [cause] = causesOfErrors([published]);
      assert.deepEqual([cause?.code, `${cause?.sentence} (${code})`], [code, published]);
    }
  }
});

test('a problem of a newer service is shown as it was sent', () => {
  const causes = causesOfErrors(['Something new (MOON_FULL)', error('CACHE_SLOW')]);
  assert.deepEqual(causes[0], {
    code: null,
    component: null,
    sentence: 'Something new (MOON_FULL)',
    since: null,
    advice: null,
  });
  assert.equal(problemSentence('MOON_FULL'), 'MOON_FULL');
});

test('each cause has its own begin and its sentence, in the order of the service', () => {
  const at = (minute: number): string => `2026-03-01T02:${minute}:00.000Z`;
  const causes = causesOf([
    { component: 'orders', code: 'DATABASE_TIMEOUT', since: at(50) },
    { component: 'cache', code: 'CACHE_TIMEOUT', since: at(20) },
  ]);
  assert.deepEqual(
    causes.map(({ code, since }) => [code, since]),
    [
      ['DATABASE_TIMEOUT', at(50)],
      ['CACHE_TIMEOUT', at(20)],
    ],
  );
  assert.equal(causes[0]?.sentence, 'orders: The database does not answer in time');
  assert.ok(causes.every(({ advice }) => advice));
  assert.equal(namedSentence('cache', 'CACHE_TIMEOUT'), 'The cache does not answer in time');
  assert.equal(namedSentence('cache', 'CHECK_STALE'), 'cache: A check has no fresh result');
});
