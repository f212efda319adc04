import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PROBLEMS, type ProblemCode } from 'portal-health';
import { publicSentence, worstFirst } from '../../../src/monitoring/live/public-words.js';

const at = (minute: number): string => `2026-03-01T02:${minute}:00.000Z`;

function codesOf(
  causes: readonly { readonly code: ProblemCode; readonly since: string }[],
): readonly string[] {
  return worstFirst(causes).map(({ code, since }) => `${code} ${since.slice(14, 16)}`);
}

test('the worst cause comes first: what makes the service useless before what makes it slower', () => {
  const since = at(10);
  const codes = ['CACHE_TIMEOUT', 'DATABASE_READ_ONLY', 'CHECK_TIMEOUT', 'DATABASE_POOL_STALLED'] as const;
  assert.deepEqual(
    worstFirst(codes.map((code) => ({ code, since }))).map(({ code }) => code),
    ['DATABASE_POOL_STALLED', 'CHECK_TIMEOUT', 'DATABASE_READ_ONLY', 'CACHE_TIMEOUT'],
  );
});

test('an old cause does not come before a new one of the same rank, but of one code the older is first', () => {
  const causes = [
    { code: 'SOURCE_DRIFTED', since: at(10) },
    { code: 'DATABASE_TIMEOUT', since: at(50) },
    { code: 'DATABASE_TIMEOUT', since: at(30) },
    { code: 'DATABASE_UNREACHABLE', since: at(40) },
    { code: 'CACHE_TIMEOUT', since: at(20) },
  ] as const;
  assert.deepEqual(codesOf(causes), [
    'DATABASE_UNREACHABLE 40',
    'DATABASE_TIMEOUT 30',
    'DATABASE_TIMEOUT 50',
    'CACHE_TIMEOUT 20',
    'SOURCE_DRIFTED 10',
  ]);
});

test('the sentence is that of the worst cause, with the name of its component where the report has it', () => {
  const report = {
    status: 'unhealthy',
    database: false,
    cache: true,
    errors: [
      `orders: ${PROBLEMS.CHECK_TIMEOUT.sentence} (CHECK_TIMEOUT)`,
      `${PROBLEMS.DATABASE_TIMEOUT.sentence} (DATABASE_TIMEOUT)`,
    ],
  } as const;
  assert.equal(publicSentence(report, 'DATABASE_TIMEOUT'), 'the database does not answer in time');
  assert.match(publicSentence(report, 'CHECK_TIMEOUT'), /^orders: \S/);
});

test('without a cause it says which of the two stores does not answer', () => {
  const report = { status: 'unhealthy', errors: [] } as const;
  const words = [true, false].flatMap((database) =>
    [true, false].map((cache) => publicSentence({ ...report, database, cache }, undefined)),
  );
  assert.deepEqual(words, [
    'something needs attention',
    'the cache does not answer',
    'the database does not answer',
    'neither the database nor the cache answers',
  ]);
  const well = { status: 'healthy', database: true, cache: null, errors: [] } as const;
  assert.equal(publicSentence(well, undefined), 'everything answers');
});
