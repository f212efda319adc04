import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { startPostgres, waitFor } from 'portal-test-kit';
import type { PoolCounts } from '../../src/statistics/pool-counts.js';
import { createPoolWatch, type PoolWatch } from '../../src/statistics/pool.js';

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
      watch.problems();
    },
    /** Lets time pass in which nobody could look. */
    block: (ms: number): readonly string[] => {
      nowMs += ms;
      return watch.problems();
    },
    /** Lets time pass, looked at as often as the watch's own timer looks. */
    wait: (ms: number): readonly string[] => {
      for (let step = 0; step < ms; step += 250) {
        nowMs += Math.min(250, ms - step);
        watch.problems();
      }
      return watch.problems();
    },
  };
}

test('while the event loop is blocked nobody waits for the pool: it is neither saturated nor stalled by that', () => {
  const { watch, set, block, wait } = stage();
  set({ totalCount: 3, idleCount: 0, waitingCount: 5 });
  assert.deepEqual(block(60_000), []);
  assert.deepEqual(wait(500), []);
  assert.deepEqual(wait(500), SATURATED, 'callers still wait');
  assert.deepEqual(block(60_000), SATURATED);
  assert.deepEqual(wait(9_000), BOTH);
  assert.equal(watch.waiting(), 5);
});

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
      assert.deepEqual(watch.problems(), []);
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
    assert.deepEqual(watched.problems(), []);
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

describe('a full pool in which everybody is served', () => {
  /** Lets time pass while so many connections are returned a second. */
  function serve(staged: ReturnType<typeof stage>, ms: number, aSecond: number): readonly string[] {
    let found: readonly string[] = [];
    for (let passed = 0; passed < ms; passed += 50) {
      for (let returns = 0; returns < aSecond / 20; returns += 1) staged.pool.emit?.('release');
      found = staged.wait(50);
    }
    return found;
  }

  test('is well while callers wait no longer than the time, however many there are', () => {
    const staged = stage();
    staged.set({ ...FULL, waitingCount: 30 });
    assert.deepEqual(serve(staged, 10_000, 100), []);
  });

  test('is saturated while they wait longer', () => {
    const staged = stage();
    staged.set({ ...FULL, waitingCount: 30 });
    assert.deepEqual(serve(staged, 10_000, 20), SATURATED);
    assert.deepEqual(serve(staged, 5_000, 100), [], 'and no longer than that');
  });

  test('is saturated as soon as nobody has been served for the time', () => {
    const staged = stage();
    staged.set({ ...FULL, waitingCount: 2 });
    assert.deepEqual(serve(staged, 5_000, 100), []);
    assert.deepEqual(staged.wait(750), []);
    assert.deepEqual(staged.wait(500), SATURATED);
  });
});

describe('what it says for the database when a fresh connection fails', () => {
  const REFUSED = ['DATABASE_TOO_MANY_CONNECTIONS'] as const;
  const TIMEOUT = ['DATABASE_TIMEOUT'] as const;

  test('served: somebody returned a connection for whom the server had worked', () => {
    const { pool, watch, wait } = stage();
    const failure = { beganMs: 2_000, endedMs: 3_000, sinceMs: 2_000, problems: TIMEOUT };
    pool.emit?.('release');
    wait(2_500);
    assert.deepEqual(watch.evidence(failure), { complete: true, served: false }, 'that was before');
    for (const error of [undefined, Object.assign(new Error('unique'), { code: '23505' })]) {
      pool.emit?.('release', error);
      assert.deepEqual(watch.evidence(failure), { complete: true, served: true });
      wait(1);
      pool.emit?.('release', new Error('Connection terminated'));
      assert.equal(watch.evidence(failure).served, false, 'lost since');
      wait(1);
    }
    for (const code of ['57P01', '53200', '08006', 'ECONNRESET']) {
      pool.emit?.('release');
      assert.equal(watch.evidence(failure).served, true);
      wait(1);
      pool.emit?.('release', Object.assign(new Error('failed'), { code }));
      assert.equal(watch.evidence(failure).served, false, code);
      wait(1);
    }
  });

  test('not complete: it may have to open a connection itself', () => {
    const { pool, watch, set } = stage();
    pool.emit?.('release');
    set({ totalCount: 2 });
    const failure = { beganMs: 900, endedMs: 1_000, sinceMs: 900, problems: TIMEOUT };
    assert.deepEqual(watch.evidence(failure), { complete: false, served: true });
  });

  test('idle: whoever was served since it began is served still, and a server that is full has answered', () => {
    const { pool, watch, set, wait } = stage();
    wait(5_000);
    const failure = { beganMs: 5_900, endedMs: 6_000, sinceMs: 2_000 };
    assert.equal(watch.evidence({ ...failure, problems: TIMEOUT }).served, false, 'nobody has tried');
    assert.equal(watch.evidence({ ...failure, problems: REFUSED }).served, true);
    pool.emit?.('release');
    wait(60_000);
    const later = { beganMs: 60_900, endedMs: 61_900, sinceMs: 2_000, problems: TIMEOUT };
    assert.equal(watch.evidence(later).served, true, 'nobody asks any more');
    set({ idleCount: 2 });
    assert.equal(watch.evidence(later).served, false, 'somebody asks, and nothing comes back');
    assert.equal(watch.evidence({ ...later, problems: REFUSED }).served, false);
  });

  test('callers who wait in vain speak against it', () => {
    const { pool, watch, set, wait } = stage();
    pool.emit?.('release');
    set(FULL);
    wait(1_000);
    const failure = { beganMs: 900, endedMs: 1_000, sinceMs: 900, problems: REFUSED };
    assert.equal(watch.evidence(failure).served, false);
  });

  test('without events a connection that becomes free is what shows it', () => {
    const { watch, set, wait } = stage({});
    set({ idleCount: 0 });
    wait(2_000);
    const failure = { beganMs: 2_500, endedMs: 3_000, sinceMs: 2_500, problems: TIMEOUT };
    assert.equal(watch.evidence(failure).served, false);
    set({ idleCount: 1 });
    assert.deepEqual(watch.evidence(failure), { complete: true, served: true });
  });
});

test('signs: callers begin to wait, nobody is served any more, the server has failed a caller', () => {
  let signs = 0;
  let nowMs = 0;
  const pool = Object.assign(new EventEmitter(), { ...FULL, waitingCount: 0, options: { max: 3 } });
  const watch = createPoolWatch({ pool, onChange: () => (signs += 1), now: () => nowMs });
  watches.push(watch);
  const look = (ms: number): number => {
    nowMs += ms;
    watch.problems();
    return signs;
  };
  assert.equal(look(0), 0);
  pool.waitingCount = 1;
  assert.equal(look(1), 1, 'somebody waits');
  assert.equal(look(500), 1);
  assert.equal(look(500), 2, 'nobody is served');
  assert.equal(look(5_000), 2, 'once');
  pool.emit('release');
  assert.equal(look(10), 2, 'a return is none');
  pool.emit('release', new Error('Connection terminated'));
  assert.equal(look(0), 3);
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
    set({ idleCount: 1 });
    assert.deepEqual(wait(1_250), [], 'a connection is free, and nobody has waited for a while');
  });

  test('also when the callers have given up and nobody comes any more, while all connections are out', () => {
    const { set, wait, pool } = stage();
    set(FULL);
    wait(5_000);
    set({ waitingCount: 0 });
    assert.deepEqual(wait(4_999), []);
    assert.deepEqual(wait(1), ['DATABASE_POOL_STALLED']);
    pool.emit?.('release');
    assert.deepEqual(wait(20_000), [], 'one was returned, and nobody waits');
  });

  test('not when nobody has ever waited: connections may be out for as long as they like', () => {
    const { set, wait } = stage();
    set({ ...FULL, waitingCount: 0 });
    assert.deepEqual(wait(60_000), []);
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
  watch.problems();
  pool.waitingCount = 0;
  await sleep(100);
  pool.waitingCount = 1;
  nowMs = 100;
  assert.deepEqual(
    watch.problems(),
    [],
    'without a look in between, they would seem to have waited all the while',
  );
  nowMs = 200;
  assert.deepEqual(watch.problems(), SATURATED);
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
    await waitFor('saturated', () => watch.problems().includes('DATABASE_POOL_SATURATED'));
    await waitFor('stalled', () => watch.problems().includes('DATABASE_POOL_STALLED'));
    for (const client of held) client.release();
    await waiting;
    assert.deepEqual(watch.problems(), []);
    assert.deepEqual(watch.read(), { size: 2, checked_in: 2, checked_out: 0, overflow: 0, total: 2 });
  } finally {
    watch.close();
    await pool.end();
    await postgres.close();
  }
});

test('a real pool in which everybody is served is never saturated, however many wait', async () => {
  const postgres = await startPostgres();
  const pool = new pg.Pool({ connectionString: postgres.url, max: 4 });
  const watch = createPoolWatch({ pool });
  let served = 0;
  const over = new AbortController();
  const client = async (): Promise<void> => {
    while (!over.signal.aborted) {
      await pool.query('SELECT pg_sleep(0.01)');
      served += 1;
    }
  };
  const clients = Array.from({ length: 16 }, client);
  try {
    let looksWithWaiters = 0;
    for (const untilMs = performance.now() + 3_000; performance.now() < untilMs;) {
      await sleep(20);
      assert.deepEqual(watch.problems(), [], `${served} served`);
      if ((watch.waiting() ?? 0) > 0) looksWithWaiters += 1;
    }
    assert.ok(looksWithWaiters > 20, 'callers waited all the while');
  } finally {
    over.abort();
    await Promise.all(clients);
    watch.close();
    await pool.end();
    await postgres.close();
  }
});

test('a real pool whose callers have given up is stalled while all its connections are out', async () => {
  const postgres = await startPostgres();
  const pool = new pg.Pool({ connectionString: postgres.url, max: 2, connectionTimeoutMillis: 200 });
  const watch = createPoolWatch({ pool, poolSaturatedAfterMs: 100, poolStalledAfterMs: 600 });
  try {
    const held = await Promise.all([pool.connect(), pool.connect()]);
    await assert.rejects(pool.query('SELECT 1'), /timeout/);
    await waitFor('nobody to wait', () => watch.read().checked_out === 2 && watch.waiting() === 0);
    await waitFor('stalled', () => watch.problems().includes('DATABASE_POOL_STALLED'));
    for (const client of held) client.release();
    assert.deepEqual(watch.problems(), []);
  } finally {
    watch.close();
    await pool.end();
    await postgres.close();
  }
});
