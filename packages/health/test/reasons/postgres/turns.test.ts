import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTurns } from '../../../src/reasons/postgres/turns.js';

test('alone, or with one other: short turns, whenever they are due', () => {
  const turns = createTurns();
  assert.deepEqual(turns.begin(), { isLong: false, wait: 0 });
  assert.equal(turns.missed(), 1);
  assert.deepEqual(turns.begin(), { isLong: false, wait: 0 });
});

test('among many: later and later, and a turn is long enough for a second question', () => {
  const turns = createTurns();
  assert.deepEqual(
    Array.from({ length: 5 }, () => turns.missed()),
    [1, 2, 6, 12, 12],
  );
  const { isLong, wait } = turns.begin();
  assert.ok(isLong && wait > 1);
});

test('when the others have gone that is noticed after a few turns', () => {
  const turns = createTurns();
  for (let time = 0; time < 6; time += 1) turns.missed();
  const long = Array.from({ length: 5 }, () => turns.begin().isLong);
  assert.deepEqual(long, [true, true, false, false, false]);
});
