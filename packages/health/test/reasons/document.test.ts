import { deepEqual, equal } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { REASONS } from '../../src/reasons/catalogue.js';
import { REASON_CODES } from '../../src/reasons/reason-codes.js';
import { REASON_EFFECTS } from '../../src/reasons/reason-effects.js';

void test('docs/reasons.md says of every reason what users notice, what it explains and what to do next, and of no other', () => {
  const text = readFileSync(new URL('../../../../../docs/reasons.md', import.meta.url), 'utf8');
  const rows = text
    .split('\n')
    .filter((line) => /^\| `[A-Z]/.test(line))
    // A bar within a cell is written with a stroke before it.
    .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|')));
  deepEqual(rows.map(([, code]) => code?.replaceAll('`', '')).toSorted(), [...REASON_CODES].toSorted());
  for (const code of REASON_CODES) {
    const row = rows.find(([, one]) => one === `\`${code}\``) ?? [];
    const [, , meaning = '', users, threshold = '', permission = '', cost = '', explains = '', next] = row;
    for (const cell of [meaning, threshold, permission, cost]) equal(cell !== '', true, code);
    equal(users, REASON_EFFECTS[code], code);
    deepEqual(explains.match(/[A-Z_]{3,}/g) ?? [], REASONS[code].explains, code);
    equal(next, REASONS[code].next, code);
  }
});
