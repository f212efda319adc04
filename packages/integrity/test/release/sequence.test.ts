import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { keepSequence, readSequence } from '../../src/release/sequence.js';
import { withFolder } from '../trees.js';

test('what was kept is remembered, however large; what is no sequence is told as lost', () =>
  withFolder((folder) => {
    const file = join(folder, 'seen');
    assert.deepEqual(readSequence(file), { sequence: undefined, lost: 'ENOENT' });
    for (const sequence of [0, 7, 20_261_129_000_000, Number.MAX_SAFE_INTEGER]) {
      assert.equal(keepSequence(file, sequence), '');
      assert.deepEqual(readSequence(file), { sequence, lost: '' });
      assert.equal(readFileSync(file, 'utf8'), `${sequence}\n`);
    }
    for (const text of ['', '-1', '1e3', '9007199254740993', '7 8']) {
      writeFileSync(file, text);
      assert.deepEqual(readSequence(file), { sequence: undefined, lost: 'it holds no number' }, text);
    }
    assert.equal(keepSequence(join(folder, 'absent/seen'), 1), 'ENOENT');
  }));
