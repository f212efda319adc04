/**
 * Symbolic links: the hash is that of `find -type f` whether they are there or not, so each counts only as it was signed.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readlinkSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { createFileIndex } from '../../src/scan/file-index.js';
import { hashTree } from '../../src/scan/hash-tree.js';
import { scanErrorText, type SourceError } from '../../src/scan/scan-error.js';
import { createScope, type AcceptedLinks, type Link } from '../../src/scan/scope.js';
import { ourHash, shellHash, withFolder, withTree, write } from '../trees.js';

/** As in pnpm's repository: three of one kind that are common by now, four in the style of pnpm, two that lead nowhere. */
const NINE: Readonly<Record<string, string>> = {
  'CLAUDE.md': 'AGENTS.md',
  'GEMINI.md': './AGENTS.md',
  'pkg/CLAUDE.md': '../AGENTS.md',
  'fixtures/modules/is-positive': '.store/is-positive@1.0.0/modules/is-positive',
  'fixtures/modules/@scope/dep': '../.store/dep',
  'fixtures/modules/.bin': '.store/bin',
  'fixtures/linked': 'modules/is-positive',
  'fixtures/broken': 'not-there/at/all',
  'fixtures/broken-dir/up': '../gone',
};
const FILES = {
  'AGENTS.md': 'be kind',
  'pkg/index.js': '1',
  'fixtures/modules/.store/is-positive@1.0.0/modules/is-positive/index.js': '2',
  'fixtures/modules/.store/dep/index.js': '3',
  'fixtures/modules/.store/bin/tool': '4',
  'left-out/x.js': '5',
};
const EXCLUDE = ['./left-out'];

function addLinks(root: string, links: Readonly<Record<string, string>>): void {
  for (const [path, target] of Object.entries(links)) {
    mkdirSync(join(root, path, '..'), { recursive: true });
    symlinkSync(target, join(root, path));
  }
}

function withLinks(work: (root: string, links: readonly Link[]) => void): Promise<void> {
  return withTree(FILES, (root) => {
    addLinks(root, NINE);
    const { links, scanErrors } = hashTree({ ...createScope(root, EXCLUDE), links: 'inside' });
    assert.deepEqual(scanErrors, []);
    work(root, links);
  });
}

function findings(root: string, links?: AcceptedLinks): string[] {
  return hashTree({ ...createScope(root, EXCLUDE), links }).scanErrors.map(scanErrorText);
}

describe('the nine links', () => {
  test('pass as they were signed, with the hash of the shell line', () =>
    withLinks((root, links) => {
      assert.equal(links.length, 9);
      for (const { path, target } of links) assert.equal(readlinkSync(join(root, path)), target);
      const { result, scanErrors } = hashTree({ ...createScope(root, EXCLUDE), links });
      assert.deepEqual(scanErrors, []);
      assert.equal(result?.hash, shellHash(root, EXCLUDE));
    }));

  test('are refused without a signature, each with its target and what to do', () =>
    withLinks((root) => {
      const told = findings(root);
      assert.equal(told.length, 9);
      for (const [path, target] of Object.entries(NINE)) {
        const line = `E_SYMLINK ${path} is a symbolic link (to ${target}); exclude ./${path}, or have it signed (sign --links)`;
        assert.ok(told.includes(line), line);
      }
    }));

  const attacks: Readonly<Record<string, [(root: string) => void, RegExp]>> = {
    'led elsewhere': [
      (root) => {
        unlinkSync(join(root, 'CLAUDE.md'));
        symlinkSync('pkg/index.js', join(root, 'CLAUDE.md'));
      },
      /^E_LINK CLAUDE\.md is not the link that was signed \(to pkg\/index\.js, signed as to AGENTS\.md\)$/,
    ],
    'taken away': [
      (root) => unlinkSync(join(root, 'fixtures/broken')),
      /^E_LINK fixtures\/broken is not the link that was signed \(missing, signed as to not-there\/at\/all\)$/,
    ],
    'one more': [
      (root) => symlinkSync('index.js', join(root, 'pkg/more.js')),
      /^E_SYMLINK pkg\/more\.js is a symbolic link \(to index\.js\); exclude/,
    ],
    'moved to another place': [
      (root) => renameSync(join(root, 'GEMINI.md'), join(root, 'pkg/GEMINI.md')),
      /^E_LINK GEMINI\.md .*missing.*\nE_SYMLINK pkg\/GEMINI\.md /,
    ],
    'a folder on the way to a target made a link out of the tree': [
      (root) => {
        rmSync(join(root, 'fixtures/modules/.store/dep'), { recursive: true });
        symlinkSync('/tmp', join(root, 'fixtures/modules/.store/dep'));
      },
      /E_SYMLINK fixtures\/modules\/\.store\/dep is a symbolic link \(to \/tmp, out of the tree\)/,
    ],
  };
  for (const [name, [attack, finding]] of Object.entries(attacks)) {
    test(`${name}: told, also while it is watched`, () =>
      withLinks((root, links) => {
        const index = createFileIndex({ ...createScope(root, EXCLUDE), links });
        const { hash } = index.scan();
        attack(root);
        assert.match(findings(root, links).join('\n'), finding);
        assert.throws(
          () => index.scan(),
          (error: SourceError) => finding.test(error.scanErrors.map(scanErrorText).join('\n')),
        );
        if (name !== 'a folder on the way to a target made a link out of the tree') {
          assert.equal(ourHash(withoutLinks(root), EXCLUDE), hash, 'which the hash does not see');
        }
      }));
  }
});

/** The hash needs no link: that is why they are signed beside it. */
function withoutLinks(root: string): string {
  for (const path of [...Object.keys(NINE), 'pkg/more.js', 'pkg/GEMINI.md'])
    rmSync(join(root, path), { force: true });
  return root;
}

test('a link that leaves the tree, or leads to what is left out, is refused though it was signed', () =>
  withTree(FILES, (root) => {
    const links = {
      up: '../outside',
      absolute: join(root, 'AGENTS.md'),
      'pkg/through': '../pkg/../../x',
      left: 'left-out/x.js',
      'pkg/by-a-link': '../via/x.js',
      via: 'left-out',
      loop: 'loop',
    };
    addLinks(root, links);
    const signed = Object.entries(links).map(([path, target]) => ({ path, target }));
    for (const accepted of ['inside', signed] as const) {
      const told = findings(root, accepted);
      assert.equal(told.length, 7, told.join('\n'));
      assert.equal(told.filter((line) => line.includes(', out of the tree)')).length, 4);
      assert.equal(told.filter((line) => line.includes(', which is left out)')).length, 3);
    }
  }));

test('a volume of Kubernetes in the tree is told by its place, which is what can be excluded', () =>
  withFolder((folder) => {
    write(folder, { 'app/main.js': 'x', 'app/config/..2024_05_01_10_00_00.1/settings.json': '{}' });
    symlinkSync('..2024_05_01_10_00_00.1', join(folder, 'app/config/..data'));
    symlinkSync('..data/settings.json', join(folder, 'app/config/settings.json'));
    const { scanErrors } = hashTree({ ...createScope(join(folder, 'app')), links: 'inside' });
    assert.deepEqual(scanErrors.map(scanErrorText), [
      'E_SYMLINK config/..data is a symbolic link (to ..2024_05_01_10_00_00.1); Kubernetes renames what lies beside it at each update: exclude ./config',
      'E_SYMLINK config/settings.json is a symbolic link (to ..data/settings.json); Kubernetes renames what lies beside it at each update: exclude ./config',
    ]);
    const scope = ['./config'];
    const hash = ourHash(join(folder, 'app'), scope);
    assert.equal(hash, shellHash(join(folder, 'app'), scope));
    // An update, as the kubelet makes one.
    write(folder, { 'app/config/..2024_06_01_10_00_00.2/settings.json': '{"new":1}' });
    symlinkSync('..2024_06_01_10_00_00.2', join(folder, 'app/config/..data_tmp'));
    renameSync(join(folder, 'app/config/..data_tmp'), join(folder, 'app/config/..data'));
    rmSync(join(folder, 'app/config/..2024_05_01_10_00_00.1'), { recursive: true });
    assert.equal(ourHash(join(folder, 'app'), scope), hash);
  }));

test('what stands in a link is written out safely', () =>
  withTree({ x: '1' }, (root) => {
    symlinkSync('a\u001b[31m\nb', join(root, 'link'));
    writeFileSync(join(root, 'y'), '2');
    for (const accepted of [undefined, 'inside'] as const) {
      assert.match(findings(root, accepted).join(), /\(to a\\u\{1b\}\[31m\\u\{a\}b\)/);
    }
  }));
