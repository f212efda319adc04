import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exactly, text } from '../../src/api/schema.js';
import { readBody, readQuery, timeParameter, wholeNumberParameter } from '../../src/api/parameters.js';

const QUERY = {
  from: timeParameter('Begin.'),
  before: wholeNumberParameter('An id.', { minimum: 1 }),
  limit: wholeNumberParameter('How many.', { minimum: 1, maximum: 200 }),
};

test('what is left out is undefined, what is there is read, and what is not described is passed over', () => {
  const none = { from: undefined, before: undefined, limit: undefined };
  assert.deepEqual(readQuery(QUERY, {}), none);
  assert.deepEqual(readQuery(QUERY, { more: 'x' }), none);
  assert.deepEqual(readQuery(undefined, { more: 'x' }), {});
  const query = { from: '2026-03-01T01:00:00+01:00', before: '9007199254740991', limit: '200' };
  assert.deepEqual(readQuery(QUERY, query), {
    from: Date.UTC(2026, 2, 1),
    before: Number.MAX_SAFE_INTEGER,
    limit: 200,
  });
  assert.equal(readQuery(QUERY, { from: '2026-03-01' }).from, Date.UTC(2026, 2, 1));
});

test('what cannot be used is told with its rule', () => {
  const rules: readonly (readonly [Record<string, unknown>, RegExp])[] = [
    [{ from: 'yesterday' }, /: Expected `from` to be a time such as/],
    [{ from: '2026-02-30T25:00:00Z' }, /: Expected `from` to be a time/],
    [{ from: '1' }, /: Expected `from` to be a time/],
    [{ from: '' }, /: Expected `from` to be a time/],
    [{ from: ['2026-03-01', '2026-03-02'] }, /: Expected `from` to be a time/],
    [{ limit: '0' }, /: Expected `limit` to be a whole number from 1 to 200\.$/],
    [{ limit: '201' }, /: Expected `limit`/],
    [{ limit: '1e2' }, /: Expected `limit`/],
    [{ limit: '-1' }, /: Expected `limit`/],
    [{ limit: '' }, /: Expected `limit`/],
    [{ limit: ['1', '2'] }, /: Expected `limit`/],
    [
      { before: '9007199254740992' },
      /: Expected `before` to be a whole number from 1 to 9007199254740991\.$/,
    ],
  ];
  for (const [query, rule] of rules)
    assert.throws(() => readQuery(QUERY, query), rule, JSON.stringify(query));
});

test('of a body the texts are read that are described, and one that is no text is named', () => {
  const schema = exactly('A code.', { code: text('Of twelve characters.') });
  assert.deepEqual(readBody(schema, { code: 'a', more: 1 }), { code: 'a' });
  for (const body of [undefined, null, 'a', [], {}, { code: 1 }, { code: null }]) {
    assert.throws(() => readBody(schema, body), /code must be a text/, JSON.stringify(body));
  }
  assert.deepEqual(readBody(undefined, 'whatever'), {});
});
