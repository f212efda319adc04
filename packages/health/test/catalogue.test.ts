import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { PROBLEMS } from '../src/problems.js';

test('docs/errors.md explains every code of the catalogue, with its effect, and no other', () => {
  const text = readFileSync(new URL('../../../../docs/errors.md', import.meta.url), 'utf8');
  const rows = [...text.matchAll(/^\| `([A-Z_]+)` \| (\w+) \|/gm)].map(([, code, effect]) => [code, effect]);
  const effects = { explains: 'state', degrades: 'degrades', fails: 'fails' };
  const expected = Object.entries(PROBLEMS).map(([code, { effect }]) => [code, effects[effect]]);
  assert.deepEqual(Object.fromEntries(rows), Object.fromEntries(expected));
  assert.equal(rows.length, expected.length);
});
