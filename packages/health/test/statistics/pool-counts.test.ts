import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  figuresOf,
  isComplete,
  NOT_READ,
  readCounts,
  type PoolCounts,
} from '../../src/statistics/pool-counts.js';

const pool = (total: unknown, idle: unknown, max: unknown = 10): Partial<PoolCounts> =>
  ({ totalCount: total, idleCount: idle, waitingCount: 0, options: { max } }) as Partial<PoolCounts>;

test('figures of a pool, also of one larger than its size', () => {
  for (const [given, figures] of [
    [pool(4, 1), { size: 10, checked_in: 1, checked_out: 3, overflow: 0, total: 4 }],
    [pool(12, 0), { size: 10, checked_in: 0, checked_out: 12, overflow: 2, total: 12 }],
    [pool(4, 1, 'many'), { size: null, checked_in: 1, checked_out: 3, overflow: null, total: 4 }],
    // More idle connections than there are: neither count can be believed.
    [pool(4, 5), { size: 10, checked_in: null, checked_out: null, overflow: null, total: null }],
    [{}, { size: null, checked_in: null, checked_out: null, overflow: null, total: null }],
  ] as const) {
    assert.deepEqual(figuresOf(given, readCounts(given)), figures);
  }
});

test('counts that are missing, wrong or throw are not known', () => {
  const throws = new Proxy(
    {},
    {
      get() {
        throw new Error('No.');
      },
    },
  );
  for (const given of [{}, throws, pool(-1, 0.5), pool('4', Number.NaN)]) {
    const { total, idle } = readCounts(given);
    assert.deepEqual([total, idle], [NOT_READ.total, NOT_READ.idle]);
  }
});

test('a pool is complete at its size, and never without one', () => {
  const isFull = (given: Partial<PoolCounts>): boolean => isComplete(given, readCounts(given));
  assert.deepEqual(
    [pool(9, 0), pool(10, 0), pool(11, 0), pool(10, 0, undefined), pool(10, 0, 0)].map(isFull),
    [false, true, true, true, false],
  );
});
