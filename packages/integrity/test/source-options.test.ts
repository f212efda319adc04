import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { generateKeys } from '../src/release/keys.js';
import { watchSource, type SourceOptions } from '../src/source.js';

const { publicPem, privatePem } = generateKeys();
const root = '/x';

describe('options that cannot be used are named, with their rule', () => {
  const bad: readonly [unknown, RegExp][] = [
    [{}, /^Expected the `root` option to be the path of a folder, got undefined\.$/],
    [{ root, roots: 1 }, /^Expected the `roots` option to be one of root, exclude/],
    [{ root, exclude: ['*'] }, /`exclude` option to hold no wildcard/],
    [
      { root, expectedHash: 'ABC' },
      /`expectedHash` option to be 64 lower-case hexadecimal digits, got "ABC"/,
    ],
    [{ root, watch: 1 }, /`watch` option to be true or false, got 1\./],
    [
      { root, scanIntervalMs: 5 },
      /`scanIntervalMs` option to be a number of milliseconds from 100 to 2147483647, got 5\./,
    ],
    [{ root, scanIntervalMs: Number.NaN }, /got NaN\./],
    [{ root, scanIntervalMs: '500' }, /got "500"\./],
    [{ root, scanIntervalMs: 2 ** 31 }, /got 2147483648\./],
    [
      { root, statement: { file: 'x', keys: [publicPem], key: publicPem } },
      /`statement\.key` option to be one of/,
    ],
    [
      { root, followMemory: {} },
      /`followMemory` option to be true, false or what `followScripts\(\)` gave, got an object\./,
    ],
    [{ root, onEvent: 'log' }, /`onEvent` option to be a function, got "log"\./],
    [{ root, statement: { file: '' } }, /`statement\.file` option to be the path of a file, got ""\./],
    [
      { root, statement: { file: 'x', keys: [] } },
      /`statement\.keys` option to hold at least one public key/,
    ],
    [
      { root, statement: { file: 'x', keys: [publicPem], minimumSequence: -1 } },
      /`statement\.minimumSequence` option to be a whole number from 0 to 9007199254740991, got -1\./,
    ],
    [
      { root, expectedHash: 'ab'.repeat(32), statement: { file: 'x', keys: [publicPem] } },
      /`expectedHash` option to be left out when there is a statement/,
    ],
  ];
  for (const [options, sentence] of bad) {
    test(sentence.source, () => {
      assert.throws(() => watchSource(options as SourceOptions), { name: 'TypeError', message: sentence });
    });
  }

  for (const [name, rule] of [
    ['statement.signatures', 'a whole number from 1 to 9007199254740991'],
    ['statement.acceptSequence', 'a whole number from 0 to 9007199254740991'],
    ['scanIntervalMs', 'a number of milliseconds from 100 to 2147483647'],
    ['memoryIntervalMs', 'a number of milliseconds from 100 to 2147483647'],
    ['startDeadlineMs', 'a number of milliseconds from 0 to 2147483647'],
    ['maxFileBytes', 'a whole number from 1 to 9007199254740991'],
  ] as const) {
    test(`\`${name}\` as text, and beyond the bound that its rule names`, () => {
      for (const value of ['500', 2 ** 60]) {
        const shown = JSON.stringify(value);
        const [own = '', within] = name.split('.').toReversed();
        const options = within
          ? { root, [within]: { file: 'x', keys: [publicPem], [own]: value } }
          : { root, [own]: value };
        assert.throws(() => watchSource(options), {
          name: 'TypeError',
          message: `Expected the \`${name}\` option to be ${rule}, got ${shown}.`,
        });
      }
    });
  }

  test('the longest interval that a timer can wait is one', async () => {
    await watchSource({ root, scanIntervalMs: 2 ** 31 - 1 }).close();
  });

  test('a private key among the public ones is refused and not printed', () => {
    assert.throws(
      () => watchSource({ root, statement: { file: 'x', keys: [privatePem] } }),
      (error) => error instanceof TypeError && !error.message.includes(privatePem.split('\n')[1] ?? ''),
    );
  });
});
