import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFresh, isFuture, isSameStat, waitForTick, type FileStat } from '../../src/scan/file-stat.js';

const NOW = 1_700_000_000_000;

function changedAt(ms: number): FileStat {
  return { dev: 1, ino: 2, mode: 3, size: 4, mtimeMs: 5, ctimeMs: ms };
}

test('a stamp is fresh for two ticks, so that the next write is sure to leave another', (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: NOW });
  assert.equal(isFresh(changedAt(NOW)), true);
  assert.equal(isFresh(changedAt(NOW - 19)), true);
  assert.equal(isFresh(changedAt(NOW - 20)), false);
  // The file system's clock may be a little ahead; far ahead it says nothing about now.
  assert.equal(isFresh(changedAt(NOW + 19)), true);
  assert.equal(isFresh(changedAt(NOW + 60_000)), false);
  assert.equal(isFuture(changedAt(NOW + 60_000)), true);
  assert.equal(isFuture(changedAt(NOW)), false);
});

test('waiting for the tick makes a stamp of now an old one', () => {
  const stamp = changedAt(Date.now());
  waitForTick();
  assert.equal(isFresh(stamp), false);
});

test('every part of a stamp counts', () => {
  const stamp = changedAt(NOW);
  assert.equal(isSameStat(stamp, { ...stamp }), true);
  for (const part of ['dev', 'ino', 'mode', 'size', 'mtimeMs', 'ctimeMs'] as const) {
    assert.equal(isSameStat(stamp, { ...stamp, [part]: stamp[part] + 0.001 }), false, part);
  }
});
