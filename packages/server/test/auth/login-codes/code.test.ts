import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { isCode, newCode, newLongCode } from '../../../src/auth/login-codes/code.js';
import { TRIES } from '../../../src/auth/login-codes/sign-in.js';
import { MOST_OPEN_OF_ADDRESS } from '../../../src/auth/login-codes/login-code-store.js';

const ALPHABET = 56;
const SHORT = 12;
const LONG = 16;

for (const { make, length } of [
  { make: newCode, length: SHORT },
  { make: newLongCode, length: LONG },
]) {
  test(`${length} characters, of 56 that nobody takes for one another, each as often as any other`, () => {
    const codes = Array.from({ length: 5_000 }, make);
    assert.equal(new Set(codes).size, codes.length);
    const counts = new Map<string, number>();
    for (const code of codes) {
      assert.ok(isCode(code), code);
      assert.equal(code.length, length);
      for (const letter of code) counts.set(letter, (counts.get(letter) ?? 0) + 1);
    }
    assert.equal(counts.size, ALPHABET);
    for (const lookAlike of '0Oo1Il') assert.ok(!counts.has(lookAlike));
    const expected = (codes.length * length) / ALPHABET;
    // Eight standard deviations: by chance this fails less often than the machine does.
    for (const [letter, count] of counts)
      assert.ok(Math.abs(count - expected) < 8 * Math.sqrt(expected), letter);
  });
}

test('a code that is bound to no address has more than 90 bits', () => {
  assert.ok(LONG * Math.log2(ALPHABET) >= 90);
});

test('what could not be a code is none', () => {
  const few = '2'.repeat(SHORT - 1);
  for (const text of [
    '',
    few,
    `${few}222`,
    `${few}O`,
    `${few} `,
    `${few}é`,
    `${few}2\n`,
    '2'.repeat(LONG + 1),
  ]) {
    assert.ok(!isCode(text), JSON.stringify(text));
  }
});

test('the sums in SECURITY.md are those of the limits, and none is worse than with the codes of eight before', () => {
  const security = readFileSync(new URL('../../../../../../SECURITY.md', import.meta.url), 'utf8');
  const codes = ALPHABET ** SHORT;
  const minutesAYear = 60 * 24 * 365;
  // Looked at once a second, and once more in the moment in which a minute's limit is not yet reached.
  const [ofAddress, ofAll] = [61 * TRIES.mostPerKey, 61 * TRIES.batchSize];
  const before = ALPHABET ** 8;
  const users = 1_000;
  const sums = {
    'one address': {
      oneIn: codes / (ofAddress * minutesAYear * MOST_OPEN_OF_ADDRESS * users),
      before: before / (20 * minutesAYear * 5),
    },
    'all addresses together': {
      oneIn: codes / (ofAll * minutesAYear * MOST_OPEN_OF_ADDRESS * users),
      before: before / (600 * minutesAYear * 5),
    },
    'one user': {
      oneIn: codes / (ofAll * minutesAYear * MOST_OPEN_OF_ADDRESS),
      before: before / (20 * minutesAYear * 20),
    },
    'one code': { oneIn: codes / (ofAddress * 10), before: before / 1_000 },
    'one long code': { oneIn: ALPHABET ** LONG / (ofAll * 10), before: before / 1_000 },
  };
  for (const [who, { oneIn, before: oneInBefore }] of Object.entries(sums)) {
    assert.ok(oneIn >= oneInBefore, `${who}: 1 in ${oneIn}, before 1 in ${oneInBefore}`);
    const row = security.split('\n').find((line) => line.startsWith(`| ${who} |`)) ?? '';
    const stated = Number(/1 in ([\d,]+)/.exec(row)?.[1]?.replaceAll(',', ''));
    assert.ok(Math.abs(stated / oneIn - 1) < 0.05, `${who}: 1 in ${Math.round(oneIn)}, stated is ${row}`);
  }
});
