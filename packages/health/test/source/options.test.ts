import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { generateKeys } from '../../src/source/release/keys.js';
import { createSource, type SourceOptions } from '../../src/source/source.js';

const { publicPem, privatePem } = generateKeys();
const root = '/x';

describe('options that cannot be used are named, with their rule', () => {
  const bad: readonly [unknown, RegExp][] = [
    [{}, /^Expected the `source\.root` option to be the path of a folder, got undefined\.$/],
    [{ root, roots: 1 }, /^Expected the `source\.roots` option to be one of root, exclude/],
    [{ root, exclude: ['*'] }, /`source\.exclude` option to hold no wildcard/],
    [
      { root, expectedHash: 'ABC' },
      /`source\.expectedHash` option to be 64 lower-case hexadecimal digits, got "ABC"/,
    ],
    [{ root, watch: 1 }, /`source\.watch` option to be true or false, got 1\./],
    [
      { root, sweepIntervalMs: 5 },
      /`source\.sweepIntervalMs` option to be a number of milliseconds from 100, got 5\./,
    ],
    [{ root, sweepIntervalMs: Number.NaN }, /got NaN\./],
    [{ root, onEvent: 'log' }, /`source\.onEvent` option to be a function, got "log"\./],
    [
      { root, statement: { file: '' } },
      /`source\.statement\.file` option to be the path of a file, got ""\./,
    ],
    [
      { root, statement: { file: 'x', keys: [] } },
      /`source\.statement\.keys` option to hold at least one public key/,
    ],
    [
      { root, statement: { file: 'x', keys: [publicPem], minimumSequence: -1 } },
      /`source\.statement\.minimumSequence` option to be a whole number from 0, got -1\./,
    ],
    [
      { root, expectedHash: 'ab'.repeat(32), statement: { file: 'x', keys: [publicPem] } },
      /`source\.expectedHash` option to be left out when there is a statement/,
    ],
  ];
  for (const [options, sentence] of bad) {
    test(sentence.source, () => {
      assert.throws(() => createSource(options as SourceOptions), { name: 'TypeError', message: sentence });
    });
  }

  test('a private key among the public ones is refused and not printed', () => {
    assert.throws(
      () => createSource({ root, statement: { file: 'x', keys: [privatePem] } }),
      (error) => error instanceof TypeError && !error.message.includes(privatePem.split('\n')[1] ?? ''),
    );
  });
});
