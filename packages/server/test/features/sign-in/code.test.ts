import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { isCode, newCode } from '../../../src/features/sign-in/code.js';
import {
  MOST_OPEN_OF_ADDRESS,
  MOST_OPEN_OF_USER,
  MOST_WRONG_TRIES,
} from '../../../src/features/sign-in/store.js';

const ALPHABET = 56;
const LENGTH = 8;

test('eight characters, of 56 that nobody takes for one another, each as often as any other', () => {
  const codes = Array.from({ length: 5_000 }, newCode);
  assert.equal(new Set(codes).size, codes.length);
  const counts = new Map<string, number>();
  for (const code of codes) {
    assert.ok(isCode(code), code);
    assert.equal(code.length, LENGTH);
    for (const letter of code) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  }
  assert.equal(counts.size, ALPHABET);
  for (const lookAlike of '0Oo1Il') assert.ok(!counts.has(lookAlike));
  const expected = (codes.length * LENGTH) / ALPHABET;
  // Eight standard deviations: by chance this fails less often than the machine does.
  for (const [letter, count] of counts)
    assert.ok(Math.abs(count - expected) < 8 * Math.sqrt(expected), letter);
});

test('what could not be a code is none', () => {
  for (const text of ['', '2222222', '222222222', '2222222O', '22222 22', '2222222é', '2222222\n']) {
    assert.ok(!isCode(text), JSON.stringify(text));
  }
});

test('the sums in SECURITY.md are those of the limits', () => {
  const security = readFileSync(new URL('../../../../../../SECURITY.md', import.meta.url), 'utf8');
  const codes = ALPHABET ** LENGTH;
  const minutesAYear = 60 * 24 * 365;
  const [ofAddress, ofAll] = [20, 600];
  const sums = {
    'one address': codes / (ofAddress * minutesAYear * MOST_OPEN_OF_ADDRESS),
    'all addresses together': codes / (ofAll * minutesAYear * MOST_OPEN_OF_ADDRESS),
    'one user': codes / (ofAddress * minutesAYear * MOST_OPEN_OF_USER),
    'one code': codes / MOST_WRONG_TRIES,
  };
  for (const [who, oneIn] of Object.entries(sums)) {
    const row = security.split('\n').find((line) => line.startsWith(`| ${who} |`)) ?? '';
    const stated = Number(/1 in ([\d,]+)/.exec(row)?.[1]?.replaceAll(',', ''));
    assert.ok(Math.abs(stated / oneIn - 1) < 0.05, `${who}: 1 in ${Math.round(oneIn)}, stated is ${row}`);
  }
});
