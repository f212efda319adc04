/**
 * A Redis that answers and does not work, and one that works and does not tell its figures. "The app" is a client with the
 * same options: what it can do decides what is true.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, rmdir } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster, Redis } from 'ioredis';
import { startRedis, startRedisCluster, waitFor, type RedisServer } from 'portal-test-kit';
import { createClient, createCluster } from 'redis';
import { createRedisProbe, type RedisClient } from '../../../src/probes/redis/redis.js';
import type { CacheFigures } from '../../../src/statistics/cache-figures.js';
import type { Outcome, Probe } from '../../../src/types.js';
import { runProbe, outcomeOf } from '../run-probe.js';

/** Whether a busy machine is slow is no question here. */
const SLOW_MS = 60_000;

let redis: RedisServer;

before(async () => {
  redis = await startRedis();
});

after(() => redis.close());

const DRIVERS: Readonly<Record<string, (url: string) => RedisClient>> = {
  ioredis: (url) => new Redis(url, { lazyConnect: true }),
  'node-redis': (url) => createClient({ url }),
};

function probeOf(client: RedisClient, readOnly = false): Probe<CacheFigures> {
  return createRedisProbe({ client, readOnly, slowMs: SLOW_MS });
}

/** What a write of the application is answered with: `OK`, or the first word of the refusal. */
async function write(server: RedisServer = redis): Promise<string> {
  try {
    return String(await server.command('SET', 'a', 1));
  } catch (error) {
    return (error instanceof Error ? error.message : '').split(' ')[0] ?? '';
  }
}

for (const [driver, clientOf] of Object.entries(DRIVERS)) {
  describe(`${driver}, writes refused`, () => {
    test('because a save failed (S-01): from the first refusal on for as long as it lasts, told or not', async () => {
      const server = await startRedis({ settings: { save: '900 1' } });
      try {
        const probe = probeOf(clientOf(server.url));
        assert.equal(await outcomeOf(probe), 'up');
        await save(server, false);
        assert.deepEqual(
          remarksOf(await runProbe(probe)),
          ['up', 'CACHE_NOT_SAVED'],
          'nobody has been refused yet',
        );
        assert.equal(await write(server), 'MISCONF');
        assert.equal(await outcomeOf(probe), 'up CACHE_WRITES_REFUSED');
        assert.equal(await outcomeOf(probe), 'up CACHE_WRITES_REFUSED', 'nobody tries any more');
        await server.command('CONFIG', 'RESETSTAT');
        assert.equal(await outcomeOf(probe), 'up CACHE_WRITES_REFUSED', 'counts that begin anew');
        assert.deepEqual(
          remarksOf(await runProbe(probeOf(clientOf(server.url)))),
          ['up', 'CACHE_NOT_SAVED'],
          'new here',
        );
        await server.command('CONFIG', 'SET', 'stop-writes-on-bgsave-error', 'no');
        assert.equal(await write(server), 'OK');
        assert.deepEqual(remarksOf(await runProbe(probe)), ['up', 'CACHE_NOT_SAVED'], 'told to write on');
        await save(server, true);
        assert.deepEqual(remarksOf(await runProbe(probe)), ['up']);
      } finally {
        await server.close();
      }
    });

    test('because too few replicas follow', async () => {
      await redis.command('CONFIG', 'SET', 'min-replicas-to-write', 1);
      const probe = probeOf(clientOf(redis.url));
      assert.equal(await outcomeOf(probe), 'up');
      assert.equal(await write(), 'NOREPLICAS');
      assert.equal(await outcomeOf(probe), 'up CACHE_WRITES_REFUSED');
      assert.equal(await outcomeOf(probe), 'up CACHE_WRITES_REFUSED');
      await redis.command('CONFIG', 'SET', 'min-replicas-to-write', 0);
      assert.equal(await outcomeOf(probe), 'up');
    });

    test('by mistakes of the application: no finding', async () => {
      const probe = probeOf(clientOf(redis.url));
      await redis.command('SET', 'a', 1);
      assert.equal(await outcomeOf(probe), 'up');
      await assert.rejects(redis.command('LPUSH', 'a', 1), /WRONGTYPE/);
      await assert.rejects(redis.command('SET', 'a'), /ERR/);
      assert.equal(await outcomeOf(probe), 'up');
    });

    test('by a replica that is meant: no finding', async () => {
      await redis.readOnly(true);
      assert.equal(await outcomeOf(probeOf(clientOf(redis.url), true)), 'up');
      await redis.readOnly(false);
      assert.equal(await outcomeOf(probeOf(clientOf(redis.url), true)), 'up');
    });

    test('by a script that does not end (S-06): CACHE_TIMEOUT', async () => {
      await redis.command('CONFIG', 'SET', 'lua-time-limit', 10);
      const script = redis.command('EVAL', 'while true do end', 0).catch(() => undefined);
      const probe = probeOf(clientOf(redis.url));
      try {
        await waitFor('BUSY', async () => (await runProbe(probe)).cause?.code === 'BUSY');
        assert.equal(await outcomeOf(probe), 'down CACHE_TIMEOUT');
      } finally {
        await redis.command('SCRIPT', 'KILL');
        await script;
      }
      assert.equal(await outcomeOf(probe), 'up');
    });
  });

  describe(`${driver}, figures hidden`, () => {
    /** How often somebody was refused an INFO so far. */
    async function refusals(): Promise<number> {
      const [, count = '0'] =
        /^cmdstat_info:.*rejected_calls=(\d+)/m.exec(String(await redis.command('INFO', 'commandstats'))) ??
        [];
      return Number(count);
    }

    for (const [user, rights] of [
      ['app', ['~*', '&*', '+@all', '-@dangerous']],
      ['less', ['~*', '+get', '+set']],
    ] as const) {
      test(`from a user (S-10) with ${rights.at(-1)}: up, all null, a remark`, async () => {
        await redis.command('ACL', 'SETUSER', user, 'on', '>pw', ...rights);
        const probe = probeOf(clientOf(`redis://${user}:pw@127.0.0.1:${redis.port}`));
        const refused = await refusals();
        const outcome = await runProbe(probe);
        assert.deepEqual(remarksOf(outcome), ['up', 'CACHE_FIGURES_HIDDEN']);
        // The server writes down each refusal, so the next runs do without the question, and say the same.
        for (let run = 0; run < 3; run += 1) {
          const { cause, problems } = await runProbe(probe);
          assert.deepEqual([cause?.code, problems], ['NOPERM', []]);
        }
        assert.equal((await refusals()) - refused, 1);
        assert.equal(outcome.cause?.code, 'NOPERM');
        assert.ok(outcome.latencyMs !== null && outcome.latencyMs > 0);
        assert.deepEqual(new Set(Object.values(outcome.figures ?? {})), new Set([null]));
      });
    }

    test('until an administrator shows them: within a minute, and the server has written it down once', async () => {
      await redis.command('ACL', 'LOG', 'RESET');
      const [shown, kept] = [`shown-${driver}`, `kept-${driver}`];
      for (const user of [shown, kept])
        await redis.command('ACL', 'SETUSER', user, 'on', '>pw', '~*', '+@all', '-info');
      const [ofShown, ofKept] = [shown, kept].map((user) =>
        probeOf(clientOf(`redis://${user}:pw@127.0.0.1:${redis.port}`)),
      );
      assert.ok(ofShown && ofKept);
      assert.deepEqual(remarksOf(await runProbe(ofShown)), ['up', 'CACHE_FIGURES_HIDDEN']);
      const refusedOnce = await refusals();
      assert.deepEqual(remarksOf(await runProbe(ofKept)), ['up', 'CACHE_FIGURES_HIDDEN']);
      await redis.command('ACL', 'SETUSER', shown, '+info');
      await waitFor('the figures', async () => remarksOf(await runProbe(ofShown)).length === 1, {
        timeoutMs: 55_000,
        everyMs: 1_000,
      });
      await waitFor(
        'another refusal',
        async () => {
          await runProbe(ofKept);
          return (await refusals()) > refusedOnce + 1;
        },
        { timeoutMs: 55_000, everyMs: 1_000 },
      );
      const entries = (await redis.command('ACL', 'LOG')) as readonly (readonly unknown[])[];
      assert.deepEqual(
        entries.filter((entry) => entry.includes(kept)).map((entry) => Number(entry[1])),
        [2],
        JSON.stringify(entries),
      );
    });

    test('renamed away (S-11): up, all null', async () => {
      const server = await startRedis({ settings: { 'rename-command': 'INFO ""' } });
      try {
        assert.deepEqual(remarksOf(await runProbe(probeOf(clientOf(server.url)))), [
          'up',
          'CACHE_FIGURES_HIDDEN',
        ]);
      } finally {
        await server.close();
      }
    });

    for (const [what, answers, verdict] of [
      ['an INFO of a proxy', { INFO: bulk('# Proxy\r\nVersion:1.0.5\r\n'), PING: '+PONG\r\n' }, 'up'],
      ['an empty INFO', { INFO: '$0\r\n\r\n', PING: '+PONG\r\n' }, 'up'],
      ['an unknown word', { INFO: "-unsupported command 'info'\r\n", PING: '+PONG\r\n' }, 'up'],
      ['a hang-up at INFO', { PING: '+PONG\r\n' }, 'up'],
      ['no PONG either', { INFO: '+OK\r\n', PING: '+OK\r\n' }, 'down CACHE_FAILED'],
      ['a hang-up at both', {}, 'down CACHE_UNREACHABLE'],
      ['LOADING at PING', { INFO: '-ERR no\r\n', PING: '-LOADING it is\r\n' }, 'down CACHE_LOADING'],
    ] as const) {
      test(`${what}: ${verdict}`, async () => {
        const server = await serverAnswering(answers);
        const { port } = server.address() as AddressInfo;
        try {
          assert.equal(await outcomeOf(probeOf(clientOf(`redis://127.0.0.1:${port}`))), verdict);
        } finally {
          server.close();
        }
      });
    }
  });
}

test('a cluster that has lost a master, of which the driver lets go before the others know: down throughout', async () => {
  const cluster = await startRedisCluster({ masters: 3 });
  const [first, , last] = cluster.nodes;
  assert.ok(first && last);
  const client = new Cluster([{ host: '127.0.0.1', port: first.port }], {
    redisOptions: { maxRetriesPerRequest: 1 },
  });
  client.on('error', () => undefined);
  try {
    await Promise.all(
      cluster.nodes.map((node) => node.command('CONFIG', 'SET', 'cluster-node-timeout', 60_000)),
    );
    await waitFor('every master', () => client.nodes('master').length === 3);
    const probe = probeOf(client);
    assert.equal(await outcomeOf(probe), 'up');
    await last.kill();
    const said = new Set<string>();
    for (let look = 0; look < 30; look += 1) {
      said.add(await outcomeOf(probe));
      // As the application does, which makes the driver find out.
      await Promise.allSettled(
        [client.get('a'), client.get('b')].map((query) => Promise.race([query, sleep(50)])),
      );
    }
    assert.deepEqual([...said], ['down CACHE_UNREACHABLE']);
  } finally {
    client.disconnect();
    await cluster.close();
  }
});

test('a cluster that refuses every command (S-03), and one that refuses those of a slot', async () => {
  const cluster = await startRedisCluster({ masters: 3 });
  const [first] = cluster.nodes;
  assert.ok(first);
  const ioredis = new Cluster([{ host: '127.0.0.1', port: first.port }], { lazyConnect: true });
  ioredis.on('error', () => undefined);
  const nodeRedis = createCluster({ rootNodes: [{ url: first.url }] });
  nodeRedis.on('error', () => undefined);
  const everywhere = (...words: readonly [string, ...(string | number)[]]): Promise<unknown> =>
    Promise.all(cluster.nodes.map((node) => node.command(...words).catch(() => undefined)));
  try {
    await Promise.all([ioredis.connect(), nodeRedis.connect()]);
    const probes = [ioredis, nodeRedis, new Redis(first.url, { lazyConnect: true })].map((client) =>
      probeOf(client),
    );
    const verdicts = async (): Promise<ReadonlySet<string>> =>
      new Set(await Promise.all(probes.map((probe) => outcomeOf(probe))));
    assert.deepEqual(await verdicts(), new Set(['up']));

    await everywhere('CLUSTER', 'DELSLOTS', 42);
    await waitFor('the refusal', () =>
      nodeRedis.get('a').then(
        () => false,
        (error: Error) => /CLUSTERDOWN/.test(error.message),
      ),
    );
    assert.deepEqual(await verdicts(), new Set(['up CACHE_CLUSTER_DOWN']));

    await everywhere('CONFIG', 'SET', 'cluster-require-full-coverage', 'no');
    await waitFor('the rest to be served', () => nodeRedis.get('a').then(() => true));
    assert.deepEqual(await verdicts(), new Set(['up CACHE_CLUSTER_DOWN']), 'one slot is still refused');

    await first.command('CLUSTER', 'ADDSLOTS', 42);
    await waitFor('the slot', async () => [...(await verdicts())].join(' ') === 'up');
  } finally {
    ioredis.disconnect();
    nodeRedis.destroy();
    await cluster.close();
  }
});

function remarksOf({ state, problems, remarks = [] }: Outcome<unknown>): readonly string[] {
  return [state, ...problems, ...remarks];
}

/** A save replaces the last one, which it cannot when there is a folder in its place. */
async function save(server: RedisServer, succeeds: boolean): Promise<void> {
  const [, folder = ''] = (await server.command('CONFIG', 'GET', 'dir')) as string[];
  assert.ok(folder.startsWith('/'));
  const place = join(folder, 'dump.rdb');
  if (succeeds) await rmdir(place);
  else await mkdir(place);
  await server.command('BGSAVE');
  const status = `rdb_last_bgsave_status:${succeeds ? 'ok' : 'err'}`;
  await waitFor(status, async () => String(await server.command('INFO')).includes(status));
}

function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}

/** Speaks just enough of Redis: what it does not know it hangs up at. */
async function serverAnswering(answers: Readonly<Record<string, string>>): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      for (const [, command = ''] of data.toString('latin1').matchAll(/\*\d+\r\n\$\d+\r\n(\w+)\r\n/g)) {
        const answer = answers[command.toUpperCase()];
        if (answer === undefined) socket.destroy();
        else socket.write(answer);
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
