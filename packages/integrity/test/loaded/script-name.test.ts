import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileOfName } from '../../src/loaded/script-name.js';

test('the file of a script, whatever way its name goes there', () => {
  const ways = [
    '/app/node_modules/../made-up.mjs',
    '/app/./node_modules/x/../..//made-up.mjs',
    '//app/made-up.mjs',
    'file:///app/node_modules/../made-up.mjs',
    'file:///app/node_modules/%2e%2E/made-up.mjs',
    'file:///app\\node_modules\\..\\made-up.mjs',
    'file://localhost/app/made-up.mjs',
  ];
  for (const name of ways) {
    assert.deepEqual(fileOfName(name), { file: '/app/made-up.mjs', isPlain: true }, name);
  }
});

test('another instance of a file is no plain one, and what names none was made from text', () => {
  assert.deepEqual(fileOfName('file:///app/a.mjs?v=2'), { file: '/app/a.mjs', isPlain: false });
  assert.deepEqual(fileOfName('file:///app/a%3Fv=2'), { file: '/app/a?v=2', isPlain: true });
  for (const name of [
    '',
    'evalmachine.<anonymous>',
    'file://elsewhere/app/a.mjs',
    'file:///app/a%2Fb.mjs',
    'data:,1',
  ])
    assert.equal(fileOfName(name), undefined, name);
});
