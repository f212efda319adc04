import assert from 'node:assert/strict';
import { test } from 'node:test';
import { detailWords } from '../../src/copy/details.js';

test('details in few words: hashes shortened, files by name, nothing of what is none', () => {
  const changes = ['a.js', 'b.js', 'c.js', 'd.js', 'e.js'].map((path) => ({
    kind: 'modified',
    path,
    files: 1,
  }));
  assert.equal(
    detailWords({ hash_after: 'ab'.repeat(32), added: 0, modified: 5, changes, cause: null, refusals: [] }),
    'hash after abababababab… · modified 5 · changes a.js, b.js, c.js, d.js and 1 more',
  );
  assert.deepEqual([detailWords(null), detailWords('once'), detailWords({})], ['', 'once', '']);
});
