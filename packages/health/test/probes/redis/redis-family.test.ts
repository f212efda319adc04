/**
 * Drivers that are asked as ioredis is because they are made like it, and clients that ask a sentinel for the way.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Redis } from 'ioredis';
import { Cluster as ValkeyCluster, Redis as Valkey } from 'iovalkey';
import {
  startProxy,
  startRedis,
  startRedisCluster,
  startRedisSentinel,
  type Proxy,
  type RedisSentinel,
  type RedisServer,
} from 'portal-test-kit';
import { createSentinel } from 'redis';
import { createRedisProbe, type RedisClient } from '../../../src/probes/redis/redis.js';
import { runProbe, noSockets, outcomeOf } from '../run-probe.js';

/** Whether a busy machine is slow is no question here. */
const SLOW_MS = 60_000;

let redis: RedisServer;
let proxy: Proxy;

before(async () => {
  redis = await startRedis();
  proxy = await startProxy(redis);
});

after(async () => {
  await Promise.all([proxy.close(), redis.close()]);
});

function probeOf(client: RedisClient): ReturnType<typeof createRedisProbe> {
  return createRedisProbe({ client, slowMs: SLOW_MS });
}

test('iovalkey: figures, faults by their codes, nothing left open', async () => {
  const probe = probeOf(new Valkey({ host: '127.0.0.1', port: proxy.port, lazyConnect: true, db: 3 }));
  await redis.command('SET', 'a', 1);
  const outcome = await runProbe(probe);
  assert.deepEqual([outcome.state, outcome.problems, outcome.figures?.keys], ['up', [], 1]);
  for (const [fault, code] of [
    ['refuse', 'CACHE_UNREACHABLE'],
    ['cut', 'CACHE_UNREACHABLE'],
    ['blackhole', 'CACHE_TIMEOUT'],
    ['rubbish', 'CACHE_FAILED'],
  ] as const) {
    await proxy.fault(fault);
    assert.equal(await outcomeOf(probe, 300), `down ${code}`, fault);
    await proxy.heal();
  }
  redis.freeze();
  assert.equal(await outcomeOf(probe, 300), 'down CACHE_TIMEOUT');
  redis.thaw();
  await redis.requirePassword('another');
  assert.equal(await outcomeOf(probe), 'down CACHE_REFUSED_LOGIN');
  await redis.requirePassword('');
  assert.equal(await outcomeOf(probe), 'up');
  await noSockets();
});

test('iovalkey, as ioredis before 6: a password that is not needed is told to nobody, and one that is wrong is refused', async (context) => {
  const warn = context.mock.method(console, 'warn', () => undefined);
  const guarded = await startRedis({ password: 'sekret' });
  try {
    await guarded.command('ACL', 'SETUSER', 'somebody', 'on', '>pw', '~*', '+@all');
    const at = (port: number, more: object): RedisClient => new Valkey({ port, lazyConnect: true, ...more });
    assert.equal(await outcomeOf(probeOf(at(redis.port, { password: 'x' }))), 'up');
    assert.equal(await outcomeOf(probeOf(at(guarded.port, { password: 'sekret' }))), 'up');
    assert.equal(await outcomeOf(probeOf(at(guarded.port, { username: 'somebody', password: 'pw' }))), 'up');
    for (const wrong of [{ password: 'x' }, { username: 'nobody', password: 'pw' }, {}]) {
      assert.equal(await outcomeOf(probeOf(at(guarded.port, wrong))), 'down CACHE_REFUSED_LOGIN');
    }
    assert.equal(warn.mock.callCount(), 0);
  } finally {
    await guarded.close();
  }
});

test('iovalkey, a cluster: all masters together', async () => {
  const cluster = await startRedisCluster({ masters: 3 });
  const client = new ValkeyCluster([{ host: '127.0.0.1', port: cluster.nodes[0]?.port ?? 0 }], {
    lazyConnect: true,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    for (let key = 0; key < 30; key += 1) await client.set(`key${key}`, key);
    const outcome = await runProbe(probeOf(client));
    assert.deepEqual([outcome.state, outcome.figures?.keys], ['up', 30]);
  } finally {
    client.disconnect();
    await cluster.close();
  }
});

for (const [driver, clientOf] of [
  ['ioredis', (options: SentinelOptions) => new Redis(options)],
  ['iovalkey', (options: SentinelOptions) => new Valkey(options)],
] as const) {
  test(`${driver}, by a sentinel: the master’s figures; a sentinel that hangs is a cache that is down`, async () => {
    const sentinel = await startRedisSentinel(redis);
    try {
      const probe = probeOf(clientOf(optionsFor(sentinel)));
      await redis.command('FLUSHALL');
      await redis.command('SET', 'a', 1);
      const outcome = await runProbe(probe);
      assert.deepEqual([outcome.state, outcome.problems, outcome.figures?.keys], ['up', [], 1]);
      redis.freeze();
      assert.equal(await outcomeOf(probe, 300), 'down CACHE_TIMEOUT');
      redis.thaw();
      sentinel.freeze();
      assert.equal(await outcomeOf(probe, 300), 'down CACHE_TIMEOUT');
      sentinel.thaw();
      assert.equal(await outcomeOf(probe), 'up');
    } finally {
      redis.thaw();
      await sentinel.close();
    }
    await noSockets();
  });
}

interface SentinelOptions {
  readonly sentinels: { host: string; port: number }[];
  readonly name: string;
  readonly lazyConnect: true;
}

function optionsFor(sentinel: RedisSentinel): SentinelOptions {
  return { sentinels: [{ host: '127.0.0.1', port: sentinel.port }], name: 'mymaster', lazyConnect: true };
}

test('node-redis, by a sentinel: told at once that its client is not one that we know', () => {
  const client = createSentinel({ name: 'mymaster', sentinelRootNodes: [{ host: '127.0.0.1', port: 1 }] });
  assert.throws(() => createRedisProbe({ client }), { name: 'TypeError' });
});
