import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createScope } from '../../src/scan/scope.js';
import { ourHash, shellHash, withTree } from '../trees.js';

const TREE = {
  'package.json': '{}',
  'node_modules/x/index.js': '1',
  'a/node_modules/y/index.js': '2',
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
