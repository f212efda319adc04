import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createFileTable } from '../../src/scan/file-table.js';

const ONE = 'a1'.repeat(32);
const OTHER = 'b2'.repeat(32);
const HOUR_MS = 3_600_000;

function statAt(ctimeMs: number) {
  return {
    dev: 7,
    ino: 2 ** 52 + 1,
    mode: 0o100644,
    size: 5_000_000_000,
    mtimeMs: 1_700_000_000_000.25,
    ctimeMs,
  };
}

describe('readings', () => {
  const past = statAt(Date.now() - HOUR_MS);

  test('hold what was noted, in another view of the same memory as well', () => {
    const readings = createFileTable(3);
    assert.equal(readings.set(1, { stat: past, digest: ONE }), true);
    for (const view of [readings, createFileTable(3, readings.memory)]) {
      assert.deepEqual(
        [0, 1, 2].map((row) => view.isKnown(row)),
        [false, true, false],
      );
      assert.equal(view.digest(1), ONE);
      assert.equal(view.size(1), 5_000_000_000);
      assert.equal(view.isStill(1, past), true);
    }
  });

  test('tell a digest that is new from one that was there', () => {
    const readings = createFileTable(1);
    assert.equal(readings.set(0, { stat: past, digest: ONE }), true, 'the first');
    assert.equal(readings.set(0, { stat: past, digest: ONE }), false, 'the same');
    assert.equal(readings.set(0, { stat: past, digest: OTHER }), true, 'another');
    readings.forget(0);
    assert.equal(readings.isKnown(0), false);
    assert.equal(readings.set(0, { stat: past, digest: OTHER }), true, 'the first again');
  });

  for (const [name, moved] of Object.entries({
    dev: 8,
    ino: 2 ** 52,
    mode: 0o100755,
    size: 1,
    mtimeMs: 0.5,
  })) {
    test(`a file is not still when its ${name} is another`, () => {
      const readings = createFileTable(1);
      readings.set(0, { stat: past, digest: ONE });
      assert.equal(readings.isStill(0, { ...past, [name]: moved }), false);
    });
  }

  test('a stamp from the future is trusted when it was read three times under it', () => {
    const readings = createFileTable(1);
    const future = statAt(Date.now() + HOUR_MS);
    const settled = [future, future, statAt(future.ctimeMs + 1), future, future, future].map((stamp) => {
      readings.set(0, { stat: stamp, digest: ONE });
      return readings.isStill(0, stamp);
    });
    assert.deepEqual(settled, [false, false, false, false, false, true]);
  });

  test('a row is copied whole', () => {
    const readings = createFileTable(2);
    readings.set(1, { stat: past, digest: ONE });
    const others = createFileTable(3);
    others.copy(2, readings, 1);
    assert.equal(others.digest(2), ONE);
    assert.equal(others.isStill(2, past), true);
    assert.equal(others.isKnown(1), false);
  });
});
