import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PROBLEMS } from 'portal-health';
import { causesOf, publicSentence, sentenceOf } from '../../src/words/headline.js';

const error = (code: keyof typeof PROBLEMS): string => `${PROBLEMS[code].sentence} (${code})`;

test('the worst cause comes first: what makes the service useless before what makes it slower', () => {
  const causes = causesOf([
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

test('a problem of a newer service is told in its own words, after those that are understood', () => {
  const causes = causesOf(['Something new (MOON_FULL)', error('CACHE_SLOW')]);
  assert.deepEqual(causes.at(-1), { code: null, sentence: 'Something new (MOON_FULL)', advice: null });
  assert.equal(sentenceOf('MOON_FULL'), 'MOON_FULL');
});

test('for anybody: which of the two does not answer', () => {
  const status = { status: 'unhealthy', since: '', checked_at: null } as const;
  const words = [true, false].flatMap((database) =>
    [true, false].map((cache) => publicSentence({ ...status, database, cache })),
  );
  assert.deepEqual(words, [
    'something needs a look',
    'the cache does not answer',
    'the database does not answer',
    'neither the database nor the cache answers',
  ]);
});
