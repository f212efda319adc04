import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Change } from '../../src/compare/change.js';
import { compareTrees } from '../../src/compare/compare.js';
import type { ManifestEntry } from '../../src/scan/manifest.js';

type Tree = Readonly<Record<string, string>>;

function entriesOf(tree: Tree): ManifestEntry[] {
  return Object.entries(tree).map(([path, content]) => ({
    path,
    digest: createHash('sha256').update(content).digest('hex'),
  }));
}

function compare(before: Tree, after: Tree) {
  return compareTrees(entriesOf(before), entriesOf(after), (path) => {
    const content = after[path];
    return content === undefined ? undefined : Buffer.from(content);
  });
}

/** `kind path < from (files) note`. */
function lines(before: Tree, after: Tree): string[] {
  return compare(before, after).changes.map(({ kind, path, from, files, note }: Change) =>
    [kind, path, from && `< ${from}`, files > 1 && `(${files})`, note].filter(Boolean).join(' '),
  );
}

/** So many files that no folder of a test is one thing as a whole by accident. */
const REST = { 'rest/a': 'ra', 'rest/b': 'rb' };

describe('what became of what', () => {
  const cases: readonly [string, Tree, Tree, readonly string[]][] = [
    ['nothing', { a: '1' }, { a: '1' }, []],
    ['added', { ...REST }, { ...REST, new: '1' }, ['added new']],
    ['removed', { ...REST, old: '1' }, { ...REST }, ['removed old']],
    ['modified', { ...REST, a: '1' }, { ...REST, a: '2' }, ['modified a']],
    ['renamed', { ...REST, a: '1' }, { ...REST, b: '1' }, ['renamed b < a']],
    ['renamed into a folder', { ...REST, a: '1' }, { ...REST, 'x/y/a': '1' }, ['renamed x/y/a < a']],
    ['swapped', { ...REST, a: '1', b: '2' }, { ...REST, a: '2', b: '1' }, ['swapped a < b', 'swapped b < a']],
    ['copied', { ...REST, a: '1' }, { ...REST, a: '1', b: '1' }, ['copied b < a']],
    ['overwritten with another', { ...REST, a: '1', b: '2' }, { ...REST, a: '1', b: '1' }, ['copied b < a']],
    [
      'renamed, and another put in its place',
      { ...REST, a: '1' },
      { ...REST, a: '2', b: '1' },
      ['modified a', 'copied b < a'],
    ],
    [
      'two equal files that moved together keep their names',
      { ...REST, 'a/x': '1', 'a/y': '1' },
      { ...REST, 'b/y': '1', 'b/x': '1' },
      ['renamed b/ < a/ (2)'],
    ],
    [
      'three in a ring',
      { ...REST, a: '1', b: '2', c: '3' },
      { ...REST, a: '2', b: '3', c: '1' },
      ['copied a < b', 'copied b < c', 'copied c < a'],
    ],
    [
      'empty files have nothing to do with each other',
      { ...REST, a: '', b: '1' },
      { ...REST, b: '', c: '' },
      ['removed a', 'modified b', 'added c'],
    ],
  ];
  for (const [name, before, after, expected] of cases) {
    test(name, () => assert.deepEqual(lines(before, after), expected));
  }
});

describe('a text that differs in nothing but habits says so', () => {
  const text = 'one\ntwo\n';
  const crlf = 'one\r\ntwo\r\n';
  const cases: readonly [string, string, string][] = [
    [text, crlf, 'only line ends (CRLF for LF)'],
    [crlf, text, 'only line ends (LF for CRLF)'],
    [text, `\u{feff}${text}`, 'only a byte order mark'],
    [`\u{feff}${text}`, text, 'only a missing byte order mark'],
    [text, 'one\ntwo', 'only a missing final newline'],
    ['one\ntwo', text, 'only a final newline'],
    [
      text,
      `\u{feff}one\r\ntwo`,
      'only line ends (CRLF for LF) and a byte order mark and a missing final newline',
    ],
    [text, 'one\r\ntwo\n', 'only line ends (CRLF for LF)'],
    [crlf, 'one\r\ntwo\n', 'only line ends (mixed)'],
  ];
  for (const [before, after, note] of cases) {
    test(`${JSON.stringify(before)} → ${JSON.stringify(after)}`, () => {
      assert.deepEqual(lines({ ...REST, a: before }, { ...REST, a: after }), [`modified a ${note}`]);
    });
  }

  test('and one that differs in a letter besides does not', () => {
    assert.deepEqual(lines({ ...REST, a: text }, { ...REST, a: 'One\r\ntwo\r\n' }), ['modified a']);
    assert.deepEqual(lines({ ...REST, a: 'x\0\n' }, { ...REST, a: 'x\0\r\n' }), ['modified a'], 'not a text');
  });
});

describe('one thing that happened to a folder as a whole is told once, by the highest such folder', () => {
  const folder = (path: string, mark: string, count = 5): Tree =>
    Object.fromEntries(
      Array.from({ length: count }, (_, index) => [`${path}/f${index}.js`, `${mark}${index}\n`]),
    );

  const cases: readonly [string, Tree, Tree, readonly string[]][] = [
    ['added', REST, { ...REST, ...folder('x/y', 'n'), ...folder('x/z', 'm') }, ['added x/ (10)']],
    ['removed', { ...REST, ...folder('x/y', 'n') }, REST, ['removed x/ (5)']],
    ['modified', { ...REST, ...folder('x', 'n') }, { ...REST, ...folder('x', 'm') }, ['modified x/ (5)']],
    [
      'line ends of a whole folder',
      { ...REST, ...folder('x', 'n') },
      {
        ...REST,
        ...Object.fromEntries(
          Object.entries(folder('x', 'n')).map(([path, content]) => [path, content.replace('\n', '\r\n')]),
        ),
      },
      ['modified x/ (5) only line ends (CRLF for LF)'],
    ],
    [
      'renamed',
      { ...REST, ...folder('a/x', 'n') },
      { ...REST, ...folder('b/x', 'n') },
      ['renamed b/ < a/ (5)'],
    ],
    [
      'copied',
      { ...REST, ...folder('a', 'n') },
      { ...REST, ...folder('a', 'n'), ...folder('b', 'n') },
      ['copied b/ < a/ (5)'],
    ],
    [
      'swapped',
      { ...REST, ...folder('a', 'n'), ...folder('b', 'm') },
      { ...REST, ...folder('a', 'm'), ...folder('b', 'n') },
      ['swapped a/ < b/ (5)', 'swapped b/ < a/ (5)'],
    ],
    ['everything', folder('a', 'n'), folder('a', 'm'), ['modified ./ (5)']],
    [
      'all but one',
      { ...folder('a', 'n', 3), 'a/same': '1' },
      { ...folder('a', 'm', 3), 'a/same': '1' },
      ['modified a/f0.js', 'modified a/f1.js', 'modified a/f2.js'],
    ],
    [
      'a folder beside one of a longer name',
      { ...REST, ...folder('ab', 'n', 2), ...folder('a', 'k', 2) },
      { ...REST, ...folder('ab', 'n', 2), ...folder('a', 'm', 2) },
      ['modified a/ (2)'],
    ],
  ];
  for (const [name, before, after, expected] of cases) {
    test(name, () => assert.deepEqual(lines(before, after), expected));
  }
});

test('whatever the trees, counts are those of the paths, every file is told once, and alike means nothing told', () => {
  const tree = fc.dictionary(
    fc
      .array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 3 })
      .map((parts) => `${parts.join('/')}.js`),
    fc.constantFrom('', '1', '2', '3', 'x\n', 'x\r\n'),
    { maxKeys: 8 },
  );
  fc.assert(
    fc.property(tree, tree, (before, after) => {
      const { added, removed, modified, changes } = compare(before, after);
      const left = Object.keys(before);
      const right = Object.keys(after);
      assert.equal(added, right.filter((path) => !left.includes(path)).length);
      assert.equal(removed, left.filter((path) => !right.includes(path)).length);
      assert.equal(
        modified,
        right.filter((path) => left.includes(path) && before[path] !== after[path]).length,
      );
      const told = changes.reduce((sum, { files }) => sum + files, 0);
      const renamed = changes.reduce((sum, { kind, files }) => sum + (kind === 'renamed' ? files : 0), 0);
      assert.equal(told + renamed, added + removed + modified);
    }),
    { numRuns: 2_000 },
  );
});

test('20,000 files that all changed are compared within seconds', () => {
  const entries = (mark: string): ManifestEntry[] =>
    Array.from({ length: 20_000 }, (_, index) => ({
      path: `d${index % 50}/e${index % 1_000}/f${index}`,
      digest: createHash('sha256').update(`${mark}${index}`).digest('hex'),
    }));
  const before = process.cpuUsage();
  assert.equal(compareTrees(entries('a'), entries('b')).changes.length, 1);
  // Of a processor, which others may have meanwhile; in time that grows with the square it would be minutes.
  assert.ok(process.cpuUsage(before).user < 10e6);
});
