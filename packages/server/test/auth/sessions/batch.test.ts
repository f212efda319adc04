import assert from 'node:assert/strict';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { describe, test } from 'node:test';
import { waitFor } from 'portal-test-kit';
import { createBatch } from '../../../src/auth/sessions/batch.js';

const PATIENT = { deadlineMs: 10_000, first: false };
const FIRST = { deadlineMs: 10_000, first: true };

/** As of a database that answers before the next may leave behind. */
const IN_TURNS = { everyMs: 60_000 };

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
  return { journeys, load, keys: () => journeys.map(({ keys }) => keys) };
}

test('those of one moment leave together; those that come meanwhile leave together, after them', async () => {
  const { journeys, load, keys } = createLoad();
  const batch = createBatch(load, IN_TURNS);
  const found = ['a', 'b', 'a'].map((key) => batch.find(key, PATIENT));
  await turn();
  assert.deepEqual(keys(), [['a', 'b']]);
  const next = ['c', 'b'].map((key) => batch.find(key, PATIENT));
  await turn();
  assert.deepEqual(keys(), [['a', 'b']], 'one question at a time');
  journeys[0]?.end({ a: 'A' });
  assert.deepEqual(await Promise.all(found), ['A', undefined, 'A']);
  await turn();
  assert.deepEqual(keys(), [
    ['a', 'b'],
    ['c', 'b'],
  ]);
  journeys[1]?.end({ b: 'B' });
  assert.deepEqual(await Promise.all(next), [undefined, 'B']);
});

test('nobody joins a look-up of the same key that has already left', async () => {
  const { journeys, load } = createLoad();
  const batch = createBatch(load, IN_TURNS);
  const before = batch.find('a', PATIENT);
  await turn();
  const after = batch.find('a', PATIENT);
  journeys[0]?.end({ a: 'as it was' });
  assert.equal(await before, 'as it was');
  await turn();
  journeys[1]?.end({ a: 'as it is' });
  assert.equal(await after, 'as it is');
});

test('a failed journey fails its passengers and nobody else', async () => {
  const { journeys, load } = createLoad();
  const batch = createBatch(load, IN_TURNS);
  const first = batch.find('a', PATIENT);
  await turn();
  const second = batch.find('b', PATIENT);
  journeys[0]?.fail();
  await assert.rejects(first, /broken/);
  await turn();
  journeys[1]?.end({ b: 'B' });
  assert.equal(await second, 'B');
});

test('whoever does not wait any longer is told so, and is not asked about any more', async () => {
  const { journeys, load, keys } = createLoad();
  const batch = createBatch(load, IN_TURNS);
  const stuck = batch.find('a', { deadlineMs: 1, first: false });
  await assert.rejects(stuck, { code: 'TIMEOUT' });
  await assert.rejects(batch.find('b', { deadlineMs: 1, first: false }), { code: 'TIMEOUT' });
  const patient = batch.find('c', PATIENT);
  journeys[0]?.end({ a: 'far too late' });
  await turn();
  assert.deepEqual(keys(), [['a'], ['c']]);
  journeys[1]?.end({ c: 'in time' });
  assert.equal(await patient, 'in time');
});

test('of more than fit, those who were seen before go first', async () => {
  const { journeys, load, keys } = createLoad();
  const batch = createBatch(load, { ...IN_TURNS, most: 2 });
  const found = [...['a', 'b', 'c'].map((key) => batch.find(key, PATIENT)), batch.find('seen', FIRST)];
  await turn();
  journeys[0]?.end({ seen: 'S', a: 'A' });
  await Promise.all([found[3], found[0]]);
  await turn();
  assert.deepEqual(keys(), [
    ['seen', 'a'],
    ['b', 'c'],
  ]);
  journeys[1]?.end({ b: 'B', c: 'C' });
  assert.deepEqual(await Promise.all(found), ['A', 'B', 'C', 'S']);
});

describe('where an answer takes longer than a moment', () => {
  test('the next leave behind it: nobody waits for two answers', async () => {
    const { journeys, load, keys } = createLoad();
    const batch = createBatch(load, { everyMs: 1 });
    const slow = batch.find('a', PATIENT);
    await turn();
    const behind = [batch.find('a', PATIENT), batch.find('b', PATIENT)];
    await waitFor('the next', () => journeys.length === 2);
    assert.deepEqual(keys(), [['a'], ['a', 'b']]);
    journeys[0]?.end({ a: 'as it was' });
    journeys[1]?.end({ a: 'as it is', b: 'B' });
    assert.deepEqual(await Promise.all([slow, ...behind]), ['as it was', 'as it is', 'B']);
  });

  test('only so many are under way, and the next leave as soon as one has come back', async () => {
    const { journeys, load, keys } = createLoad();
    const batch = createBatch(load, { everyMs: 1, mostUnderWay: 2 });
    const found = [batch.find('a', PATIENT)];
    await turn();
    found.push(batch.find('b', PATIENT));
    await waitFor('the next', () => journeys.length === 2);
    found.push(batch.find('c', PATIENT), batch.find('d', PATIENT));
    await sleep(20);
    assert.deepEqual(keys(), [['a'], ['b']]);
    journeys[1]?.fail();
    await assert.rejects(found[1] ?? Promise.resolve(), /broken/);
    await waitFor('the next', () => journeys.length === 3);
    assert.deepEqual(keys(), [['a'], ['b'], ['c', 'd']]);
    journeys[0]?.end({ a: 'A' });
    journeys[2]?.end({ c: 'C' });
    assert.deepEqual(await Promise.all([found[0], found[2], found[3]]), ['A', 'C', undefined]);
  });

  test('one at a time is asked all the same where that is said', async () => {
    const { journeys, load, keys } = createLoad();
    let mayOverlap = false;
    const batch = createBatch(load, { everyMs: 1, mayOverlap: () => mayOverlap });
    const found = [batch.find('a', PATIENT)];
    await turn();
    found.push(batch.find('b', PATIENT));
    await sleep(20);
    assert.deepEqual(keys(), [['a']]);
    mayOverlap = true;
    found.push(batch.find('c', PATIENT));
    await waitFor('the next', () => journeys.length === 2);
    assert.deepEqual(keys(), [['a'], ['b', 'c']]);
    for (const journey of journeys) journey.end({});
    await Promise.all(found);
  });
});
