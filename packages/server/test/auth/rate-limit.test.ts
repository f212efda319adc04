import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startRedis, waitFor, type RedisServer } from 'portal-test-kit';
import { clientAddress } from '../../src/infra/client-address.js';
import { createRateLimit } from '../../src/auth/rate-limit.js';
import { createCache, type Cache } from '../../src/infra/redis.js';

function limitOf(options: { readonly most: number; readonly mostKeys?: number }) {
  const clock = { nowMs: 5_000 };
  return { clock, limit: createRateLimit({ ...options, now: () => clock.nowMs }) };
}

describe('a rate limit', () => {
  test('lets in as many as it says in a window, then says how long to wait, then begins anew', async () => {
    const { clock, limit } = limitOf({ most: 2 });
    assert.deepEqual([await limit.count('a'), await limit.count('a')], [undefined, undefined]);
    clock.nowMs += 20_000;
    assert.equal(await limit.count('a'), 40_000);
    clock.nowMs += 40_000;
    assert.equal(await limit.count('a'), undefined);
  });

  test('counts each for itself', async () => {
    const { limit } = limitOf({ most: 1 });
    assert.deepEqual(
      [await limit.count('a'), await limit.count('b'), await limit.count('a')],
      [undefined, undefined, 60_000],
    );
  });

  test('a look counts nothing, and tells beforehand whom the next count would refuse', async () => {
    const { clock, limit } = limitOf({ most: 2 });
    for (let look = 0; look < 10; look += 1) assert.equal(limit.isOver('a'), undefined);
    await limit.count('a');
    assert.equal(limit.isOver('a'), undefined);
    await limit.count('a');
    assert.deepEqual([limit.isOver('a'), limit.isOver('b')], [60_000, undefined]);
    clock.nowMs += 60_000;
    assert.equal(limit.isOver('a'), undefined);
  });

  test('0 is no limit', async () => {
    const { limit } = limitOf({ most: 0 });
    for (let turn = 0; turn < 1_000; turn += 1) assert.equal(await limit.count('a'), undefined);
    assert.equal(limit.isOver('a'), undefined);
  });
});

describe('what a rate limit forgets', () => {
  test('of those below the limit the oldest, rather than grow', async () => {
    const { limit } = limitOf({ most: 2, mostKeys: 2 });
    for (const key of ['a', 'b', 'c']) await limit.count(key);
    assert.equal(await limit.count('c'), undefined);
    assert.equal(limit.isOver('c'), 60_000);
    assert.equal(await limit.count('a'), undefined);
    assert.equal(limit.isOver('a'), undefined, 'it begins anew');
  });

  test('never the one who is limited, however many others come', async () => {
    const { clock, limit } = limitOf({ most: 2, mostKeys: 100 });
    for (const key of ['limited', 'limited']) await limit.count(key);
    for (let other = 0; other < 1_000; other += 1) {
      await limit.count(`other ${other}`);
      clock.nowMs += 1;
    }
    assert.equal(limit.isOver('limited'), 59_000);
    assert.equal(await limit.count('limited'), 59_000);
  });

  test('what has ended goes first', async () => {
    const { clock, limit } = limitOf({ most: 3, mostKeys: 2 });
    for (let turn = 0; turn < 3; turn += 1) await limit.count('ended');
    clock.nowMs += 30_000;
    for (let turn = 0; turn < 2; turn += 1) await limit.count('goes on');
    clock.nowMs += 30_000;
    await limit.count('new');
    await limit.count('goes on');
    assert.equal(limit.isOver('goes on'), 30_000, 'all three were counted');
  });

  test('once all who are remembered are limited, those who come share one window', async () => {
    const { clock, limit } = limitOf({ most: 2, mostKeys: 2 });
    for (const key of ['a', 'a', 'b', 'b']) await limit.count(key);
    assert.equal(await limit.count('c'), undefined);
    assert.equal(await limit.count('d'), undefined);
    for (const key of ['a', 'b', 'c', 'd', 'e']) assert.equal(limit.isOver(key), 60_000, key);
    clock.nowMs += 60_000;
    for (const key of ['a', 'b', 'c', 'd', 'e']) assert.equal(limit.isOver(key), undefined, key);
    assert.equal(await limit.count('e'), undefined);
  });
});

describe('a limit that processes share', () => {
  let redis: RedisServer;
  const caches: Cache[] = [];
  let isDown = false;

  before(async () => {
    redis = await startRedis();
    for (let process = 0; process < 2; process += 1) {
      caches.push(createCache({ url: redis.url, commandTimeoutMs: 1_000, onError: () => undefined }));
    }
    await Promise.all(caches.map((cache) => cache.whenReady(5_000)));
  });

  after(async () => {
    redis?.thaw();
    for (const cache of caches) cache.close();
    await redis?.close();
  });

  /** The same limit in two processes, as it were. */
  function twoOf(name: string, most: number) {
    return caches.map(({ client }) =>
      createRateLimit({ most, shared: { name, counters: { client, isDown: () => isDown } } }),
    ) as [ReturnType<typeof createRateLimit>, ReturnType<typeof createRateLimit>];
  }

  async function commandsOf(work: () => Promise<unknown>): Promise<number> {
    // Those of asking how many there were are left out.
    const counted = ['eval', 'evalsha', 'incrby', 'expire', 'pttl', 'set', 'get'];
    async function sum(): Promise<number> {
      const calls = await redis.calls();
      return counted.reduce((all, name) => all + (calls.get(name) ?? 0), 0);
    }
    const beforehand = await sum();
    await work();
    return (await sum()) - beforehand;
  }

  test('counts for all of them, and each refuses what another has counted', async () => {
    const [here, there] = twoOf('counts', 3);
    for (let turn = 0; turn < 3; turn += 1) assert.equal(await here.count('a'), undefined);
    assert.equal(there.isOver('a'), undefined, 'it has not heard of it yet');
    const waitMs = await there.count('a');
    assert.ok(waitMs !== undefined && waitMs > 0 && waitMs <= 60_000, String(waitMs));
    assert.notEqual(there.isOver('a'), undefined);
    assert.equal(await there.count('b'), undefined);
  });

  test('whoever is over it costs no command, and whoever is not two or three', async () => {
    const [limit] = twoOf('costs', 20);
    await limit.count('the script is known from here on');
    const first = await commandsOf(async () => {
      for (let turn = 0; turn < 20; turn += 1) await limit.count('a');
    });
    assert.ok(first <= 45, String(first));
    const rest = await commandsOf(() => Promise.all(Array.from({ length: 1_000 }, () => limit.count('a'))));
    assert.equal(rest, 0);
  });

  test('a window ends in Redis as it does here', async () => {
    const [limit] = twoOf('ends', 1);
    await limit.count('a');
    const lifeMs = Number(await redis.command('PTTL', 'portal:limit:ends:a'));
    assert.ok(lifeMs > 0 && lifeMs <= 60_000, String(lifeMs));
  });

  test('whatever somebody writes into Redis frees nobody, and shuts nobody out for longer than a window', async () => {
    for (const written of [-1_000_000, 'rubbish', 1_000_000]) {
      const [limit] = twoOf(`written ${written}`, 2);
      await redis.command('SET', `portal:limit:written ${written}:a`, written);
      const waits = [await limit.count('a'), await limit.count('a'), await limit.count('a')];
      assert.ok(Number(waits[2]) > 0 && Number(waits[2]) <= 60_000, `${written}: ${String(waits)}`);
    }
  });

  test("without Redis each counts for itself: from its probe's word on, and when a command is late", async () => {
    const [here, there] = twoOf('alone', 2);
    await here.count('a');
    isDown = true;
    assert.equal(await commandsOf(() => there.count('a')), 0);
    isDown = false;
    redis.freeze();
    try {
      assert.equal(await here.count('a'), undefined);
      assert.ok(Number(await here.count('a')) > 0, 'its own three');
      assert.equal(await there.count('a'), undefined);
      assert.ok(Number(await there.count('a')) > 0);
    } finally {
      redis.thaw();
    }
    await waitFor('Redis to count again', async () => {
      await here.count(`b ${performance.now()}`);
      return (await commandsOf(() => here.count(`c ${performance.now()}`))) > 0;
    });
  });
});

test('an address tells clients apart: IPv4 as it is, IPv6 by its network', () => {
  for (const [address, expected] of [
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:DB8:01:2::9', '2001:db8:1:2'],
    ['2001:db8::1', '2001:db8:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['::1', '0:0:0:0'],
  ] as const) {
    assert.equal(clientAddress(address), expected, address);
  }
});
