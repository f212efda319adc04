/** Reasons of a cache, on a real server, from the option to the sentence. */
import assert from 'node:assert/strict';
import { mkdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Redis } from 'ioredis';
import { startRedis, waitFor, type RedisServer } from 'portal-test-kit';
import { createClient } from 'redis';
import type { RedisClient } from '../../../src/probes/redis/redis.js';
import { createHealth, type Health } from '../../../src/health.js';
import { withHealth } from '../../with-health.js';

let server: RedisServer;
let client: Redis;
let health: Health;

/** Whether a busy machine is slow is no question here. */
const PATIENT = { intervalMs: 50, slowMs: 60_000, deadlineMs: 5_000 };

before(async () => {
  server = await startRedis();
  client = new Redis(server.url);
  client.on('error', () => undefined);
  health = createHealth({ cache: { client, ...PATIENT, explain: true } });
  await health.start();
});

after(async () => {
  client.disconnect();
  await Promise.all([health.close(), server.close()]);
});

function sentences(of = health): string {
  return of
    .reasons('admin')
    .map(({ sentence }) => sentence)
    .join('\n');
}

/** 600 ms in which the server answers nobody. */
const BUSY_SCRIPT = `local t = redis.call('TIME')
  repeat local n = redis.call('TIME') until (n[1] - t[1]) * 1000000 + n[2] - t[2] > 600000
  return 'planted secret'`;

const says = (pattern: RegExp): Promise<void> =>
  waitFor(`a reason like ${pattern.source}`, () => pattern.test(sentences()));
const saysNothing = (): Promise<void> => waitFor('no reason', () => sentences() === '');

test('quick and well: no reason, and no question beyond those of the probe', async () => {
  await says(/^$/);
  const first = await server.calls();
  const runs = Number(first.get('info'));
  await waitFor('three runs', async () => Number((await server.calls()).get('info')) >= runs + 3);
  assert.equal((await server.calls()).has('slowlog|get'), false);
  assert.equal(sentences(), '');
});

test('a save that fails: said, then that writes are refused for it, then nothing', async () => {
  const [, folder = ''] = (await server.command('CONFIG', 'GET', 'dir')) as string[];
  const place = join(folder, 'dump.rdb');
  await mkdir(place);
  await server.command('BGSAVE');
  await says(/^The last save of the cache failed/);
  await server.command('CONFIG', 'SET', 'save', '3600 1');
  await client.set('key', 'value').catch(() => undefined);
  await says(/^The cache refuses writes: its last save to disk failed$/);
  assert.equal(health.reasons('admin')[0]?.explains, 'CACHE_WRITES_REFUSED');
  await rmdir(place);
  await server.command('BGSAVE');
  await saysNothing();
  await server.command('CONFIG', 'SET', 'save', '');
});

test('full: said with how full, and what it refuses', async () => {
  await server.outOfMemory(true);
  await says(
    /^The cache refuses writes: its memory is full\nThe cache uses 100 % of its memory and may evict nothing/,
  );
  await server.outOfMemory(false);
  await saysNothing();
});

test('connections that are refused', async () => {
  const end = await server.fillConnections();
  await end();
  await says(/^The cache refused \d+ connections? since the last look$/);
});

for (const driver of ['ioredis', 'node-redis'] as const) {
  test(`a command that keeps everybody waiting, by ${driver}: its name and nothing else of it`, async () => {
    const given: RedisClient = driver === 'ioredis' ? client : createClient({ url: server.url });
    await withHealth({ cache: { client: given, ...PATIENT, slowMs: 200, explain: true } }, async (slow) => {
      // On a busy machine another slow run may have used up the question of these 15 seconds.
      await waitFor(
        'the reason',
        async () => {
          await client.eval(BUSY_SCRIPT, 1, 'planted key');
          return /EVAL took \d+ (ms|s); \d+ such since the last look/.test(sentences(slow));
        },
        { timeoutMs: 90_000, everyMs: 1_000 },
      );
      assert.ok(!JSON.stringify(slow.reasons('admin')).includes('planted'));
    });
  });
}

test('with only the rights of the probe: figures without a word on slow commands, asked once', async () => {
  await server.command('ACL', 'SETUSER', 'bare', 'on', 'nopass', '~*', '+@connection', '+info');
  const bare = new Redis({ port: server.port, username: 'bare', password: 'any' });
  bare.on('error', () => undefined);
  const denied = async (): Promise<number> =>
    Number(/errorstat_NOPERM:count=(\d+)/.exec(String(await server.command('INFO', 'errorstats')))?.[1] ?? 0);
  const refusedBefore = await denied();
  try {
    await withHealth({ cache: { client: bare, ...PATIENT, slowMs: 0.001, explain: true } }, async (slow) => {
      await waitFor('the question that is refused', async () => (await denied()) > refusedBefore);
      const [refused, runs] = [await denied(), Number((await server.calls()).get('info'))];
      await waitFor('more runs', async () => Number((await server.calls()).get('info')) >= runs + 5);
      assert.equal(await denied(), refused);
      assert.equal(sentences(slow).includes('took'), false);
    });
  } finally {
    bare.disconnect();
  }
});
