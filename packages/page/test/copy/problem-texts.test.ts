import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { PROBLEMS } from 'portal-health';
import { CATALOGUE } from '../../src/copy/problem-texts.js';

const guide = readFileSync(new URL('../../../../../../docs/errors.md', import.meta.url), 'utf8');

test('every code of the library has its words, and no other has', () => {
  assert.deepEqual(Object.keys(CATALOGUE), Object.keys(PROBLEMS));
  for (const [code, { means, users, next }] of Object.entries(CATALOGUE)) {
    for (const words of [means, users, next]) {
      assert.match(words, /^[A-Z`].*[.?]$/, code);
      assert.equal(words.split('`').length % 2, 1, `${code}: a backtick too few`);
    }
  }
});

test('the guide to the errors says the same, word by word', () => {
  const rows = [...guide.matchAll(/^\| `([A-Z_]+)` \| \w+ \| (.*) \| (.*) \| (.*) \|$/gm)];
  const said = rows.map(([, code, means, users, next]) => [code, { means, users, next }]);
  assert.deepEqual(Object.fromEntries(said), CATALOGUE);
});
