import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { startPostgres, waitFor } from 'portal-test-kit';
import { createPoolWatch, type PoolCounts, type PoolWatch } from '../../src/statistics/pool.js';

const SATURATED = ['DATABASE_POOL_SATURATED'];
const BOTH = ['DATABASE_POOL_SATURATED', 'DATABASE_POOL_STALLED'];

const watches: PoolWatch[] = [];
after(() => {
  for (const watch of watches) watch.close();
});

interface Counts {
  totalCount: number;
  idleCount: number;
  waitingCount: number;
}

/** A pool of three connections whose counts are set by hand, and a watch whose clock is moved by hand. */
function stage(emitter = new EventEmitter() as Partial<EventEmitter>) {
  let nowMs = 1_000;
  const pool = Object.assign(emitter, { totalCount: 3, idleCount: 3, waitingCount: 0, options: { max: 3 } });
  const watch = createPoolWatch({
    pool,
    poolSaturatedAfterMs: 1_000,
    poolStalledAfterMs: 10_000,
    now: () => nowMs,
  });
  watches.push(watch);
  return {
    pool,
    watch,
    set: (counts: Partial<Counts>): void => {
      Object.assign(pool, counts);
      watch.findings();
    },
    /** Lets time pass, looked at as often as the watch's own timer looks. */
    wait: (ms: number): readonly string[] => {
      for (let step = 0; step < ms; step += 250) {
        nowMs += Math.min(250, ms - step);
        watch.findings();
      }
      return watch.findings();
    },
  };
}

const FULL = { totalCount: 3, idleCount: 0, waitingCount: 1 };

describe('figures', () => {
  test('add up, those still connecting included in checked_out', () => {
    const { watch, set } = stage();
    set({ totalCount: 2, idleCount: 1 });
    assert.deepEqual(watch.read(), { size: 3, checked_in: 1, checked_out: 1, overflow: 0, total: 2 });
    set({ totalCount: 5, idleCount: 0 });
    assert.deepEqual(watch.read(), { size: 3, checked_in: 0, checked_out: 5, overflow: 2, total: 5 });
  });

  test('that make no sense, or throw, are null and hurt nobody', () => {
    const unknown = { size: 3, checked_in: null, checked_out: null, overflow: null, total: null };
    for (const strange of [Number.NaN, -1, 0.5, '3', null, undefined]) {
      const { watch, pool } = stage();
      Object.assign(pool, { totalCount: strange });
      assert.deepEqual(watch.read(), unknown, String(strange));
      assert.deepEqual(watch.findings(), []);
    }
    const { watch, set } = stage();
    set({ totalCount: 1, idleCount: 2 });
    assert.deepEqual(watch.read(), unknown, 'more idle than there are');
    const hostile = new Proxy({} as PoolCounts, {
      get(_target, name) {
        if (name === 'on' || name === 'off') return undefined;
        throw new Error('no');
      },
    });
    const watched = createPoolWatch({ pool: hostile });
    watches.push(watched);
    assert.deepEqual(watched.read(), { ...unknown, size: null });
    assert.deepEqual(watched.findings(), []);
  });
});

describe('saturated', () => {
  test('from the time on, and not a moment before', () => {
    const { set, wait } = stage();
    set(FULL);
    assert.deepEqual(wait(999), []);
    assert.deepEqual(wait(1), SATURATED);
    set({ waitingCount: 0 });
    assert.deepEqual(wait(0), []);
  });

  test('begins anew after one look at which nobody waited', () => {
    const { set, wait } = stage();
    set(FULL);
    wait(900);
    set({ waitingCount: 0 });
    set({ waitingCount: 1 });
    assert.deepEqual(wait(900), []);
    assert.deepEqual(wait(100), SATURATED);
  });

  test('not while a connection is idle, may still be opened, or the size is not known', () => {
    for (const counts of [{ idleCount: 1 }, { totalCount: 2 }, { options: {} }]) {
      const { set, wait } = stage();
      set({ ...FULL, ...counts });
      assert.deepEqual(wait(9_000), []);
    }
  });
});

describe('stalled', () => {
  test('when callers wait and none is served', () => {
    const { set, wait } = stage();
    set(FULL);
    assert.deepEqual(wait(9_999), SATURATED);
    assert.deepEqual(wait(1), BOTH);
  });

  test('not while connections are returned, however many wait', () => {
    const { set, wait, pool } = stage();
    set({ ...FULL, waitingCount: 100 });
    for (let round = 0; round < 10; round += 1) {
      assert.deepEqual(wait(5_000), SATURATED);
      pool.emit?.('release');
    }
  });

  test('also when the callers give up and soon come again, as those with a timeout do', () => {
    const { set, wait } = stage();
    for (let round = 0; round < 10; round += 1) {
      set(FULL);
      wait(1_000);
      set({ waitingCount: 0 });
      wait(250);
    }
    assert.deepEqual(wait(0), ['DATABASE_POOL_STALLED']);
    assert.deepEqual(wait(1_250), [], 'nobody has waited for a while');
  });

  test('by its counts alone, where a pool tells no events', () => {
    const { set, wait } = stage({});
    set({ ...FULL, waitingCount: 5 });
    assert.deepEqual(wait(9_000), SATURATED);
    set({ waitingCount: 4 });
    assert.deepEqual(wait(9_000), SATURATED, 'one was served');
    assert.deepEqual(wait(1_000), BOTH);
    set({ waitingCount: 0 });
    assert.deepEqual(wait(0), []);
  });
});

test('waiting is looked at between requests', async () => {
  let nowMs = 0;
  const pool = { ...FULL, options: { max: 3 } };
  const watch = createPoolWatch({
    pool,
    poolSaturatedAfterMs: 100,
    poolStalledAfterMs: 10_000,
    now: () => nowMs,
  });
  watches.push(watch);
  watch.findings();
  pool.waitingCount = 0;
  await sleep(100);
  pool.waitingCount = 1;
  nowMs = 100;
  assert.deepEqual(
    watch.findings(),
    [],
    'without a look in between, they would seem to have waited all the while',
  );
  nowMs = 200;
  assert.deepEqual(watch.findings(), SATURATED);
});

test('close leaves no listener on the pool', () => {
  const { pool, watch } = stage();
  const emitter = pool as EventEmitter;
  assert.equal(emitter.listenerCount('release'), 1);
  watch.close();
  assert.equal(emitter.listenerCount('release') + emitter.listenerCount('acquire'), 0);
});

test('a real pool: saturated, stalled, and well again', async () => {
  const postgres = await startPostgres();
  const pool = new pg.Pool({ connectionString: postgres.url, max: 2 });
  const watch = createPoolWatch({ pool, poolSaturatedAfterMs: 50, poolStalledAfterMs: 200 });
  try {
    assert.deepEqual(watch.read(), { size: 2, checked_in: 0, checked_out: 0, overflow: 0, total: 0 });
    const held = await Promise.all([pool.connect(), pool.connect()]);
    assert.deepEqual(watch.read(), { size: 2, checked_in: 0, checked_out: 2, overflow: 0, total: 2 });
    const waiting = pool.query('SELECT 1');
    await waitFor('saturated', () => watch.findings().includes('DATABASE_POOL_SATURATED'));
    await waitFor('stalled', () => watch.findings().includes('DATABASE_POOL_STALLED'));
    for (const client of held) client.release();
    await waiting;
    assert.deepEqual(watch.findings(), []);
    assert.deepEqual(watch.read(), { size: 2, checked_in: 2, checked_out: 0, overflow: 0, total: 2 });
  } finally {
    watch.close();
    await pool.end();
    await postgres.close();
  }
});
