import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { PROBLEM_ADVICE, REASON_EFFECTS } from '../src/advice.js';
import { PROBLEMS } from '../src/problems.js';
import { REASON_CODES } from '../src/reasons/reason-codes.js';

const guide = readFileSync(new URL('../../../../docs/errors.md', import.meta.url), 'utf8');

test('every code of the library has its words, and no other has', () => {
  assert.deepEqual(Object.keys(PROBLEM_ADVICE), Object.keys(PROBLEMS));
  for (const [code, { means, users, next }] of Object.entries(PROBLEM_ADVICE)) {
    for (const words of [means, users, next]) {
      assert.match(words, /^[A-Z`].*[.?]$/, code);
      assert.equal(words.split('`').length % 2, 1, `${code}: a backtick too few`);
    }
  }
});

test('the guide to the errors says the same, word by word', () => {
  const rows = [...guide.matchAll(/^\| `([A-Z_]+)` \| \w+ \| (.*) \| (.*) \| (.*) \|$/gm)];
  const said = rows.map(([, code, means, users, next]) => [code, { means, users, next }]);
  assert.deepEqual(Object.fromEntries(said), PROBLEM_ADVICE);
});

test('every reason says what users notice', () => {
  assert.deepEqual(Object.keys(REASON_EFFECTS), [...REASON_CODES]);
  for (const [code, users] of Object.entries(REASON_EFFECTS)) assert.match(users, /^[A-Z].*\.$/, code);
});
