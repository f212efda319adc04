import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AlignedData } from 'uplot';
import { axisEnd, outliersOf } from '../../src/charts/outliers.js';

/** One line whose greatest values these are. */
function dataOf(...lines: readonly (readonly (number | null)[])[]): AlignedData {
  const times = (lines[0] ?? []).map((_, index) => 1_000 + 10 * index);
  return [times, ...lines.flatMap((values) => [[...values], [...values], [...values]])] as AlignedData;
}

const DAY = Array.from({ length: 720 }, (_, index) => 6 + (index % 5) / 10);

test('one slow answer does not flatten a day: the axis ends above the rest, and the answer is marked', () => {
  const data = dataOf(DAY.with(300, 190), DAY.with(10, 25));
  const end = axisEnd(data, 5);
  assert.ok(end > 6.4 && end < 7, String(end));
  assert.deepEqual(outliersOf(data, end), [
    { second: 4_000, value: 190, line: 0 },
    { second: 1_100, value: 25, line: 1 },
  ]);
});

test('what is only twice as high, or high for long, is shown as it is', () => {
  const twice = dataOf(DAY.with(300, 12));
  assert.deepEqual(outliersOf(twice, axisEnd(twice, 5)), []);
  const long = dataOf(DAY.map((value, index) => (index < 100 ? 190 : value)));
  assert.ok(axisEnd(long, 5) > 190);
});

test('noise below the least axis, nothing at all, and what was not measured mark nothing', () => {
  for (const data of [dataOf(DAY.with(7, 9)), dataOf([]), dataOf([null, null]), dataOf([3])]) {
    const end = axisEnd(data, 10);
    assert.ok(end >= 10);
    assert.deepEqual(outliersOf(data, end), []);
  }
});
