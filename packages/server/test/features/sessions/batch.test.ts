import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBatch } from '../../../src/features/sessions/batch.js';

/** A load that ends when it is told to. */
function createLoad() {
  const journeys: { keys: readonly string[]; end(values: Record<string, string>): void; fail(): void }[] = [];
  function load(keys: readonly string[]): Promise<ReadonlyMap<string, string>> {
    return new Promise((resolve, reject) => {
      journeys.push({
        keys,
        end: (values) => resolve(new Map(Object.entries(values))),
        fail: () => reject(new Error('broken')),
      });
    });
  }
  return { journeys, load };
}

test('the first leaves at once; those that come meanwhile leave together, after it', async () => {
  const { journeys, load } = createLoad();
  const batch = createBatch(load, 10_000);
  const found = ['a', 'b', 'c', 'b'].map((key) => batch.find(key));
  assert.deepEqual(
    journeys.map(({ keys }) => keys),
    [['a']],
  );
  journeys[0]?.end({ a: 'A' });
  assert.equal(await found[0], 'A');
  assert.deepEqual(
    journeys.map(({ keys }) => keys),
    [['a'], ['b', 'c']],
  );
  journeys[1]?.end({ b: 'B' });
  assert.deepEqual(await Promise.all(found), ['A', 'B', undefined, 'B']);
});

test('nobody joins a look-up of the same key that has already left', async () => {
  const { journeys, load } = createLoad();
  const batch = createBatch(load, 10_000);
  const before = batch.find('a');
  const after = batch.find('a');
  journeys[0]?.end({ a: 'as it was' });
  assert.equal(await before, 'as it was');
  journeys[1]?.end({ a: 'as it is' });
  assert.equal(await after, 'as it is');
});

test('a failed journey fails its passengers and nobody else', async () => {
  const { journeys, load } = createLoad();
  const batch = createBatch(load, 10_000);
  const first = batch.find('a');
  const second = batch.find('b');
  journeys[0]?.fail();
  await assert.rejects(first, /broken/);
  journeys[1]?.end({ b: 'B' });
  assert.equal(await second, 'B');
});

test('a journey that takes too long is given up, and no more than four may be away at once', async () => {
  const { journeys, load } = createLoad();
  const batch = createBatch(load, 1);
  for (let away = 1; away <= 4; away += 1) {
    await assert.rejects(batch.find('a'), { code: 'TIMEOUT' });
    assert.equal(journeys.length, away);
  }
  await assert.rejects(batch.find('a'), /Too many/);
  assert.equal(journeys.length, 4);

  journeys[0]?.end({ a: 'far too late' });
  await new Promise(setImmediate);
  const found = batch.find('a');
  journeys[4]?.end({ a: 'in time' });
  assert.equal(await found, 'in time');
});
