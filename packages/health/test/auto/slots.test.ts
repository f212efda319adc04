import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FoundStore } from '../../src/auto/drivers.js';
import { createSlots, namesOf } from '../../src/auto/slots.js';

interface Ended {
  ended: boolean;
}

function found(key: string, given: Partial<FoundStore> = {}): FoundStore & Ended {
  const store: FoundStore & Ended = {
    type: 'database',
    driver: 'pg',
    store: {},
    target: { key, label: key },
    isPool: true,
    ended: false,
    isEnded: () => store.ended,
    ...given,
  };
  return store;
}

const client = (key: string): FoundStore & Ended => found(key, { type: 'cache', isPool: false });

test('two pools of one server are two; two clients of one are one', () => {
  const slots = createSlots();
  assert.deepEqual(
    [found('a'), found('a'), found('b')].map((one) => slots.add(one)),
    [true, true, true],
  );
  assert.deepEqual(
    [client('c'), client('c'), client('d')].map((one) => slots.add(one)),
    [true, false, true],
  );
  assert.deepEqual(
    [...namesOf(slots.all()).keys()],
    ['database', 'database-2', 'database-3', 'cache', 'cache-2'],
  );
});

test('a pool takes the place of one that was ended, and that of single connections', () => {
  const slots = createSlots();
  const [first, second] = [found('a'), found('a')];
  const single = found('b', { isPool: false });
  for (const one of [first, single]) slots.add(one);
  first.ended = true;
  assert.equal(slots.add(second), false);
  assert.equal(slots.add(found('b')), false);
  assert.equal(slots.add(found('b', { isPool: false })), false);
  assert.deepEqual(
    slots.all().map(({ current }) => current.isPool),
    [true, true],
  );
});

test('what was ended is let go while another of its type lives; the last one stays', () => {
  const slots = createSlots();
  const [migrations, own] = [found('a'), found('b')];
  for (const one of [migrations, own]) slots.add(one);
  migrations.ended = true;
  assert.equal(slots.tidy(), true);
  assert.equal(namesOf(slots.all()).get('database')?.current, own);
  own.ended = true;
  assert.equal(slots.tidy(), false);
  assert.equal(slots.all().length, 1);
});

test('another client of the same server steps in for one that was ended', () => {
  const slots = createSlots();
  const [first, second] = [client('a'), client('a')];
  for (const one of [first, second]) slots.add(one);
  first.ended = true;
  assert.equal(slots.tidy(), false);
  assert.equal(slots.all()[0]?.current, second);
});

test('a pool for each request is not watched for each', () => {
  const slots = createSlots();
  for (let index = 0; index < 1_000; index += 1) slots.add(found(`tenant-${index}`));
  assert.equal(slots.all().length, 16);
  assert.equal(slots.leftOut, 984);
});
