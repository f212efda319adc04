import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { createScope } from '../../src/scan/scope.js';
import { ourHash, scanErrorsOf, shellHash, withTree, write } from '../trees.js';

const TREE = {
  'package.json': '{}',
  'node_modules/x/index.js': '1',
  'a/modules/y/index.js': '2',
  'a/b/c.js': '3',
  'b/c.js': '4',
  'b/a/b/c.js': '5',
  build: 'a file of the name of a folder',
  'a/build/out.js': '6',
  'a/build.js': '7',
};

describe('excludes leave out what find -prune leaves out', () => {
  const scopes: readonly (readonly string[])[] = [
    [],
    ['node_modules'],
    ['build'],
    ['./build'],
    ['a/b'],
    ['./b'],
    ['a/b/c.js', 'node_modules'],
    ['c.js'],
    ['absent', 'a/absent'],
    ['node_modules', 'build', 'b/a', './package.json'],
  ];
  for (const exclude of scopes) {
    test(JSON.stringify(exclude), () =>
      withTree(TREE, (root) => assert.equal(ourHash(root, exclude), shellHash(root, exclude))),
    );
  }

  test('and each of these scopes is another tree, but for the one of absent names', () =>
    withTree(TREE, (root) => {
      assert.equal(new Set(scopes.map((exclude) => ourHash(root, exclude))).size, scopes.length - 1);
    }));
});

describe('a node_modules nearer to the code than that of the root', () => {
  const planted = { ...TREE, 'a/b/node_modules/x/index.js': 'evil' };

  test('refuses a tree that leaves it out by its name, and only there', () =>
    withTree(planted, (root) => {
      assert.deepEqual(scanErrorsOf(root, ['node_modules']), ['E_NESTED a/b/node_modules']);
      assert.deepEqual(scanErrorsOf(root, ['node_modules', 'a/b']), []);
    }));

  test('is left out by its place, and by that of a folder above', () =>
    withTree(planted, (root) => {
      for (const place of ['a/b/node_modules', './a/b/node_modules']) {
        const exclude = ['node_modules', place];
        assert.equal(ourHash(root, exclude), shellHash(root, exclude));
      }
    }));

  test('is hashed like anything else where only the one of the root is left out', () =>
    withTree(TREE, (root) => {
      const before = ourHash(root, ['./node_modules']);
      write(root, { 'a/b/node_modules/x/index.js': 'evil' });
      assert.notEqual(ourHash(root, ['./node_modules']), before);
      assert.equal(ourHash(root, ['./node_modules']), shellHash(root, ['./node_modules']));
    }));

  test('may also be a link or a file', () =>
    withTree(TREE, (root) => {
      symlinkSync('/tmp', join(root, 'a/node_modules'));
      write(root, { 'b/node_modules': 'x' });
      assert.deepEqual(scanErrorsOf(root, ['node_modules']), [
        'E_NESTED a/node_modules',
        'E_NESTED b/node_modules',
      ]);
    }));
});

describe('a scope that find would read otherwise is refused', () => {
  for (const entry of [
    '',
    '/',
    '/a',
    'a/',
    'a//b',
    '.',
    '..',
    'a/../b',
    './',
    './.',
    '*.js',
    'a?',
    '[ab]',
    'a\\b',
    'a\nb',
  ]) {
    test(JSON.stringify(entry), () => {
      assert.throws(() => createScope('/x', [entry]), {
        name: 'TypeError',
        message: /^Expected the `exclude` option to hold .*, got /,
      });
    });
  }

  test('a root that is no path', () => {
    assert.throws(
      () => createScope('', []),
      /Expected the `root` option to be the path of a folder, got ""\./,
    );
    assert.throws(() => createScope(undefined, []), /got undefined\./);
    assert.throws(() => createScope('/x', 'node_modules'), /`exclude` option to be a list/);
  });
});
