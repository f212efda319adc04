import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster, Redis } from 'ioredis';
import {
  startProxy,
  startRedis,
  startRedisCluster,
  waitFor,
  type Proxy,
  type RedisServer,
} from 'portal-test-kit';
import { createClient, createCluster } from 'redis';
import { createRedisProbe, type RedisClient } from '../../../src/probes/redis/redis.js';
import { NO_CLOCK, runProbe, noSockets, openSockets, outcomeOf } from '../run-probe.js';

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

/** Clients that never connect: the probe needs no more than their options. */
const DRIVERS: Readonly<Record<string, (url: string) => RedisClient>> = {
  ioredis: (url) => new Redis(url, { lazyConnect: true }),
  'node-redis': (url) => createClient({ url }),
};

function urlOf(port: number, credentials = ''): string {
  return `redis://${credentials}127.0.0.1:${port}`;
}

for (const [driver, clientOf] of Object.entries(DRIVERS)) {
  describe(driver, () => {
    const probeOf = (url: string): ReturnType<typeof createRedisProbe> =>
      createRedisProbe({ client: clientOf(url), slowMs: SLOW_MS });

    test('up: the figures of the server, the round trip of the question, no problems', async () => {
      await redis.command('FLUSHALL');
      await redis.command('SET', 'a', 1);
      await redis.command('SET', 'b', 2);
      const outcome = await runProbe(probeOf(redis.url));
      assert.deepEqual([outcome.state, outcome.problems, outcome.cause], ['up', [], undefined]);
      assert.ok(outcome.latencyMs !== null && outcome.latencyMs > 0);
      assert.equal(outcome.figures?.keys, 2);
      assert.ok(Object.values(outcome.figures).every((figure) => typeof figure === 'number'));
    });

    test('a run is one INFO and nothing else, whatever database, name and mode the client has', async () => {
      const client =
        driver === 'ioredis'
          ? new Redis(`${redis.url}/3`, { lazyConnect: true, connectionName: 'app', readOnly: true })
          : createClient({ url: `${redis.url}/3`, name: 'app', readonly: true, pingInterval: 1 });
      await redis.command('CONFIG', 'RESETSTAT');
      assert.equal(await outcomeOf(createRedisProbe({ client, slowMs: SLOW_MS })), 'up');
      // The rest is how the test itself asks.
      const ofTheTest = /^(hello|client|config)/;
      assert.deepEqual(
        [...(await redis.calls())].filter(([name]) => !ofTheTest.test(name)),
        [['info', 1]],
      );
    });

    for (const [fault, code] of [
      ['refuse', 'CACHE_UNREACHABLE'],
      ['reset', 'CACHE_UNREACHABLE'],
      ['cut', 'CACHE_UNREACHABLE'],
      ['blackhole', 'CACHE_TIMEOUT'],
      ['half-open', 'CACHE_TIMEOUT'],
      ['trickle', 'CACHE_TIMEOUT'],
      ['rubbish', 'CACHE_FAILED'],
    ] as const) {
      test(`${fault}: ${code}`, async () => {
        const probe = probeOf(urlOf(proxy.port));
        await proxy.fault(fault);
        // What ends by itself has all the time that a busy machine needs.
        const verdict = await outcomeOf(probe, code === 'CACHE_TIMEOUT' ? 300 : 5_000);
        await proxy.heal();
        assert.equal(verdict, `down ${code}`);
        assert.equal(await outcomeOf(probe), 'up');
        await waitFor('the connections to be gone', () => proxy.connections === 0);
      });
    }

    test('slow: CACHE_SLOW', async () => {
      await proxy.fault('slow', { latencyMs: 400 });
      const outcome = await runProbe(createRedisProbe({ client: clientOf(urlOf(proxy.port)), slowMs: 100 }));
      await proxy.heal();
      assert.deepEqual([outcome.state, outcome.problems], ['slow', ['CACHE_SLOW']]);
      assert.ok((outcome.latencyMs ?? 0) >= 395);
    });

    test('no password, a wrong one: CACHE_REFUSED_LOGIN, the cause by its word', async () => {
      const guarded = await startRedis({ password: 'sekret' });
      try {
        for (const [credentials, code] of [
          ['', 'NOAUTH'],
          [':wrong@', 'WRONGPASS'],
        ] as const) {
          const outcome = await runProbe(probeOf(urlOf(guarded.port, credentials)));
          assert.deepEqual(
            [outcome.state, outcome.problems, outcome.cause?.code],
            ['down', ['CACHE_REFUSED_LOGIN'], code],
          );
        }
        assert.equal(await outcomeOf(probeOf(guarded.url)), 'up');
      } finally {
        await guarded.close();
      }
    });

    test('a password that is not needed does not keep anybody out', async () => {
      assert.equal(await outcomeOf(probeOf(urlOf(redis.port, ':unneeded@'))), 'up');
    });

    test('no connection left: CACHE_TOO_MANY_CONNECTIONS, every time', async () => {
      const release = await redis.fillConnections();
      const verdicts = new Set<string>();
      for (let run = 0; run < 10; run += 1) verdicts.add(await outcomeOf(probeOf(redis.url)));
      await release();
      assert.deepEqual([...verdicts], ['down CACHE_TOO_MANY_CONNECTIONS']);
    });

    test('memory used up, a replica: up, with the reason why writes are refused', async () => {
      await redis.outOfMemory(true);
      assert.equal(await outcomeOf(probeOf(redis.url)), 'up CACHE_OUT_OF_MEMORY');
      await redis.outOfMemory(false);
      await redis.readOnly(true);
      assert.equal(await outcomeOf(probeOf(redis.url)), 'up CACHE_READ_ONLY');
      await redis.readOnly(false);
      assert.equal(await outcomeOf(probeOf(redis.url)), 'up');
    });

    test('clients paused: CACHE_TIMEOUT', async () => {
      await redis.command('CLIENT', 'PAUSE', 400, 'ALL');
      assert.equal(await outcomeOf(probeOf(redis.url), 100), 'down CACHE_TIMEOUT');
      await waitFor('the pause to end', async () => (await outcomeOf(probeOf(redis.url))) === 'up');
    });

    test('frozen: CACHE_TIMEOUT, and up again when it goes on', async () => {
      redis.freeze();
      const verdict = await outcomeOf(probeOf(redis.url), 200);
      redis.thaw();
      assert.equal(verdict, 'down CACHE_TIMEOUT');
      assert.equal(await outcomeOf(probeOf(redis.url)), 'up');
    });

    test('killed, loading, back: each by its code', async () => {
      const probe = probeOf(redis.url);
      await redis.restartLoading();
      assert.equal(await outcomeOf(probe), 'down CACHE_LOADING');
      await redis.finishLoading();
      await redis.kill();
      assert.equal(await outcomeOf(probe), 'down CACHE_UNREACHABLE');
      await redis.restart();
      assert.equal(await outcomeOf(probe), 'up');
    });

    test('100 ended runs against a frozen server: one socket at a time, and none at the server', async () => {
      const probe = probeOf(redis.url);
      await noSockets();
      redis.freeze();
      let most = 0;
      for (let run = 0; run < 100; run += 1) {
        const controller = new AbortController();
        const running = probe.run(controller.signal, NO_CLOCK);
        // Early and late: while it connects, and while it waits for the answer.
        setTimeout(() => controller.abort(), run % 5);
        await sleep(0);
        most = Math.max(most, openSockets());
        await running;
        await sleep(1);
        assert.equal(getEventListeners(controller.signal, 'abort').length, 0);
      }
      redis.thaw();
      assert.equal(most, 1);
      await noSockets();
      await waitFor('the server to have none of ours', async () => {
        const info = String(await redis.command('INFO', 'clients'));
        return /^connected_clients:1\r$/m.test(info);
      });
      assert.equal(await outcomeOf(probe), 'up');
    });
  });
}

test('a socket that is still connecting is destroyed as well', async () => {
  // Filled to its last place, the queue of a listener that does not accept leaves the next connection waiting.
  const crowded = await startRedis({ settings: { 'tcp-backlog': 1 } });
  const crowd: Redis[] = [];
  try {
    crowded.freeze();
    for (let place = 0; place < 4; place += 1) {
      const client = new Redis(crowded.url, { retryStrategy: null });
      client.on('error', () => undefined);
      crowd.push(client);
    }
    await sleep(50);
    const baseline = openSockets();
    for (const clientOf of Object.values(DRIVERS)) {
      assert.equal(
        // Long enough for the threads of a busy machine to have done the probe's own little job.
        await outcomeOf(createRedisProbe({ client: clientOf(crowded.url) }), 500),
        'down CACHE_TIMEOUT',
      );
      await waitFor('its socket to be closed', () => openSockets() === baseline);
    }
  } finally {
    for (const client of crowd) client.disconnect();
    await crowded.close();
  }
});

test('a cluster: all masters together, the first that is down is the cache that is down', async () => {
  const cluster = await startRedisCluster({ masters: 3 });
  const [first, , last] = cluster.nodes;
  assert.ok(first && last);
  const ioredis = new Cluster([{ host: '127.0.0.1', port: first.port }], { lazyConnect: true });
  ioredis.on('error', () => undefined);
  const nodeRedis = createCluster({ rootNodes: [{ url: first.url }] });
  nodeRedis.on('error', () => undefined);
  try {
    const unconnected = await runProbe(createRedisProbe({ client: ioredis }));
    assert.deepEqual(
      [unconnected.problems, unconnected.cause?.code],
      [['CACHE_UNREACHABLE'], 'NO_MASTER_KNOWN'],
    );

    await Promise.all([ioredis.connect(), nodeRedis.connect()]);
    for (let key = 0; key < 30; key += 1) await ioredis.set(`key${key}`, key);
    for (const client of [ioredis, nodeRedis]) {
      const probe = createRedisProbe({ client, slowMs: SLOW_MS });
      const outcome = await runProbe(probe);
      assert.deepEqual([outcome.state, outcome.figures?.keys], ['up', 30]);
      const sums = await Promise.all(cluster.nodes.map((node) => node.command('DBSIZE')));
      assert.ok(
        sums.every((keys) => Number(keys) < 30),
        'no master has them all',
      );
      last.freeze();
      const frozen = await outcomeOf(probe, 200);
      last.thaw();
      assert.equal(frozen, 'down CACHE_TIMEOUT');
    }
  } finally {
    ioredis.disconnect();
    nodeRedis.destroy();
    await cluster.close();
  }
});

test('anything but a client that we know is refused at once', () => {
  for (const client of [undefined, null, {}, 'redis://', { duplicate: () => undefined }]) {
    assert.throws(
      () => createRedisProbe({ client: client as never }),
      /^TypeError: Expected the `cache\.client` option to be a client of ioredis .*, got (undefined|null|an object|".*")\.$/,
    );
  }
});
