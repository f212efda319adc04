import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { hashTree } from '../../src/scan/hash-tree.js';
import {
  asH1,
  formatManifest,
  hashFolders,
  inManifestOrder,
  parseManifest,
} from '../../src/scan/manifest.js';
import { createScope } from '../../src/scan/scope.js';
import { goDirHash, ourHash, shellHash, withFolder, withTree, write, type Contents } from '../trees.js';

const TREES: Readonly<Record<string, Contents>> = {
  '300 small files': Object.fromEntries(
    Array.from({ length: 300 }, (_, index) => [
      `lib/d${index % 20}/file-${index}.js`,
      `export default ${index};\n`,
    ]),
  ),
  'names with spaces, quotes, dashes and shell characters': {
    'a file': '1',
    ' leading': '2',
    'trailing ': '3',
    '-rf': '4',
    '--help': '5',
    'a-/-b': '6',
    '$(id)': '7',
    "it's": '8',
    '"quoted"': '9',
    'a;b&c|d': '10',
    '*': '11',
    '[id].js': '12',
    '.hidden/.file': '13',
    '~': '14',
    '#': '15',
  },
  'Unicode in both normal forms, and characters above and beside the surrogates': {
    '\u{e9}': 'composed',
    'e\u{301}': 'decomposed',
    'ÄÖÜ/ß': '1',
    '\u{ffee}': 'below in bytes, above in UTF-16',
    '\u{1f600}\u{2028}': 'above in bytes, below in UTF-16',
    '\u{e000}': 'private',
    '\u{fffd}': 'a replacement character that is really there',
    '\u{85}\u{a0}\u{200b}': 'control characters that a manifest can carry',
  },
  'upper and lower case, and what sorts around the slash': {
    A: '1',
    a: '2',
    B: '3',
    b: '4',
    'a-b': '5',
    'a.b': '6',
    'a b': '7',
    'c/a': '8',
    'c-/a': '9',
    'c.js': '10',
    c0: '11',
  },
  'empty files': { a: '', b: '', 'c/d': '' },
  'line ends, byte order mark, no final newline, zero bytes': {
    crlf: 'a\r\nb\r\n',
    lf: 'a\nb\n',
    bom: '\u{feff}a\n',
    open: 'a',
    zero: Buffer.from([0, 0, 1, 255]),
  },
  'sizes around the buffer': Object.fromEntries(
    [262_143, 262_144, 262_145, 524_288, 524_289].map((size) => [`f${size}`, Buffer.alloc(size, size % 251)]),
  ),
  'a deep folder': { [`${'deep/'.repeat(400)}file`]: 'bottom', top: 'top' },
};

describe('the hash is that of the shell line, of sha256sum over the manifest, and of Go’s dirhash', () => {
  for (const [name, contents] of Object.entries(TREES)) {
    test(name, () =>
      withTree(contents, (root) => {
        const { result: survey, entries } = hashTree(createScope(root));
        assert.equal(survey?.hash, shellHash(root));
        assert.equal(survey?.hash, goDirHash(root));
        assert.equal(survey?.files, Object.keys(contents).length);

        const manifest = formatManifest(entries);
        assert.deepEqual(parseManifest(manifest), inManifestOrder(entries));
        assert.equal(createHash('sha256').update(manifest).digest('hex'), survey?.hash);
        const check = execFileSync('sha256sum', ['--strict', '-c', '-'], { cwd: root, input: manifest });
        assert.equal(check.toString().trim().split('\n').length, survey?.files);
      }),
    );
  }
});

test('h1 is the same hash in the spelling of Go’s modules', () => {
  const hash = createHash('sha256').update('x').digest('hex');
  assert.equal(asH1(hash), `h1:${createHash('sha256').update('x').digest('base64')}`);
});

test('the hash of a folder is the one it would have as a tree of its own', () =>
  withTree({ 'a/b/c.js': '1', 'a/d.js': '2', 'e.js': '3', 'a/b-/x': '4' }, (root) => {
    const folders = hashFolders(hashTree(createScope(root)).entries);
    assert.deepEqual([...folders.keys()], ['', 'a', 'a/b', 'a/b-']);
    for (const [path, hash] of folders) assert.equal(hash, shellHash(join(root, path)), path);
  }));

describe('a manifest is read as it was written or not at all', () => {
  const line = (path: string): string => `${createHash('sha256').update(path).digest('hex')}  ${path}\n`;
  const bad = {
    'not sorted': line('b') + line('a'),
    'a path twice': line('a') + line('a'),
    'no final newline': line('a').slice(0, -1),
    'a blank line': `${line('a')}\n`,
    'upper-case digits': line('a').toUpperCase(),
    'a binary marker': line('a').replace('  ', ' *'),
    'Windows line ends': line('a').replace('\n', '\r\n') + line('b'),
    nothing: '',
    'a path that leads out': line('../a'),
    'an absolute path': line('/a'),
    'standard input': line('-'),
    'an escaped name': line('a\\nb'),
    'a tab in a name': line('a\tb'),
  };
  for (const [name, text] of Object.entries(bad)) {
    test(`refused: ${name}`, () => assert.equal(parseManifest(text), undefined));
  }
});

describe('random trees', () => {
  const name = fc.stringMatching(/^[a-zA-Z0-9 ._é😀-]{1,6}$/u).filter((text) => !/^\.{1,2}$|^-$/.test(text));
  const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
  /** No path may be a folder of another. */
  const contents = fc
    .dictionary(path, fc.uint8Array({ maxLength: 40 }), { minKeys: 1, maxKeys: 8 })
    .map((tree) => Object.entries(tree).map(([key, bytes]): [string, Buffer] => [key, Buffer.from(bytes)]))
    .filter((tree) => tree.every(([key]) => tree.every(([other]) => !other.startsWith(`${key}/`))));

  test('any change of a byte, a name, an addition or a removal changes the hash', () =>
    fc.assert(
      fc.asyncProperty(
        contents,
        fc.nat(),
        fc.constantFrom('byte', 'name', 'add', 'remove'),
        (tree, at, change) => {
          const changed = mutate(tree, at, change);
          return withTree(Object.fromEntries(tree), (root) =>
            withTree(Object.fromEntries(changed), (other) => {
              if (changed.length > 0) assert.notEqual(ourHash(root), ourHash(other));
              assert.equal(ourHash(root), goDirHash(root));
            }),
          );
        },
      ),
      { numRuns: 100 },
    ));

  test('order of making, times, mode, locale and time zone do not', () =>
    fc.assert(
      fc.asyncProperty(contents, (tree) =>
        withTree(Object.fromEntries(tree), (root) =>
          withFolder((other) => {
            const before = process.umask(0o077);
            write(other, Object.fromEntries(tree.toReversed()));
            process.umask(before);
            for (const [file] of tree) utimesSync(join(other, file), 1_000, 1_000);
            assert.equal(ourHash(root), ourHash(other));
          }),
        ),
      ),
      { numRuns: 50 },
    ));

  test('locale and time zone do not, seen from a process that has others', () =>
    withTree(
      TREES['Unicode in both normal forms, and characters above and beside the surrogates'] ?? {},
      (root) => {
        const script = `import { hashTree } from ${JSON.stringify(new URL('../../src/scan/hash-tree.js', import.meta.url).href)};
        process.stdout.write(hashTree({ root: ${JSON.stringify(root)}, exclude: [] }).result.hash);`;
        for (const env of [
          { LC_ALL: 'C', TZ: 'Asia/Kolkata' },
          { LC_ALL: 'tr_TR.UTF-8', TZ: 'America/St_Johns' },
        ]) {
          const hash = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
            env,
            encoding: 'utf8',
          });
          assert.equal(hash, ourHash(root));
        }
      },
    ));
});

type Tree = readonly (readonly [string, Buffer])[];

function mutate(tree: Tree, at: number, change: 'byte' | 'name' | 'add' | 'remove'): Tree {
  const index = at % tree.length;
  if (change === 'add') return [...tree, ['added-file', Buffer.from('x')]];
  if (change === 'remove') return tree.filter((_, position) => position !== index);
  return tree.map(([path, bytes], position): readonly [string, Buffer] => {
    if (position !== index) return [path, bytes];
    if (change === 'name') return [`${path}x-renamed`, bytes];
    const copy = Buffer.concat([bytes, bytes.length === 0 ? Buffer.from('x') : Buffer.alloc(0)]);
    copy[at % copy.length] = ((copy[at % copy.length] ?? 0) + (bytes.length === 0 ? 0 : 1)) % 256;
    return [path, copy];
  });
}
