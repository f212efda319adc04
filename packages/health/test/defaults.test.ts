/** What a day of watching costs (E-21): the README's figures are those of the defaults, and of what a run asks. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Redis } from 'ioredis';
import pg from 'pg';
import {
  startPostgres,
  startProxy,
  startRedis,
  type PostgresServer,
  type RedisServer,
} from 'portal-test-kit';
import { createClient } from 'redis';
import { createHealth, DEFAULTS } from '../src/index.js';
import { createPostgresProbe } from '../src/probes/postgres/postgres.js';
import { createRedisProbe } from '../src/probes/redis/redis.js';
import type { Probe } from '../src/types.js';
import { runProbe } from './probes/run-probe.js';

const DAY_MS = 86_400_000;
/** Whether a busy machine is slow is no question here. */
const SLOW_MS = 60_000;
const RUNS = 4;
const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

let postgres: PostgresServer;
let redis: RedisServer;

before(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startRedis({ password: 'sekret' })]);
});

after(() => Promise.all([postgres.close(), redis.close()]));

async function runs(probe: Probe<unknown>): Promise<void> {
  for (let run = 0; run < RUNS; run += 1) assert.equal((await runProbe(probe)).state, 'up');
}

test('one login at Postgres in a run', async () => {
  const proxy = await startProxy({ port: postgres.port });
  const url = new URL(await postgres.createDatabase());
  url.port = String(proxy.port);
  const pool = new pg.Pool({ connectionString: url.href });
  try {
    await runs(createPostgresProbe({ pool, slowMs: SLOW_MS }));
    assert.equal(proxy.accepted, RUNS);
  } finally {
    await Promise.all([pool.end(), proxy.close()]);
  }
});

test('one connection with two or three commands at Redis in a run, a password included', async () => {
  const url = `redis://:sekret@127.0.0.1:${redis.port}`;
  for (const client of [new Redis(url, { lazyConnect: true }), createClient({ url })]) {
    const started = await answered();
    const ofTheTest = (await answered()) - started;
    await runs(createRedisProbe({ client, slowMs: SLOW_MS }));
    const commands = ((await answered()) - started - 2 * ofTheTest) / RUNS;
    assert.ok(commands >= 2 && commands <= 3, `${commands} commands in a run`);
  }
});

/** Commands that the server has answered, those that ask for this included. */
async function answered(): Promise<number> {
  const stats = String(await redis.command('INFO', 'stats'));
  return Number(/total_commands_processed:(\d+)/.exec(stats)?.[1]);
}

test('the README says how many runs a day are, and what makes them fewer, up to 24 days', async () => {
  const [, section = ''] = /^## A day of watching\n([^]*?)^## /m.exec(README) ?? [];
  const figure = (count: number): string => count.toLocaleString('en-US');
  const idle = DAY_MS / (DEFAULTS.intervalMs * DEFAULTS.idleIntervals);
  const asked = DAY_MS / DEFAULTS.intervalMs;
  for (const words of [
    `${figure(idle)} runs a day`,
    `${figure(idle)} logins at Postgres`,
    'two or three commands each',
    figure(asked),
    '`idleIntervalMs`, up to 24 days',
  ]) {
    assert.ok(section.replaceAll('\n', ' ').includes(words), words);
  }
  const pool = new pg.Pool();
  const cache = { client: createClient(), idleIntervalMs: 24 * DAY_MS };
  const health = createHealth({ database: { pool, idleIntervalMs: 24 * DAY_MS }, cache });
  await health.close();
  assert.throws(() => createHealth({ cache: { ...cache, idleIntervalMs: 25 * DAY_MS } }), {
    message:
      'Expected the `cache.idleIntervalMs` option to be a positive number of milliseconds up to 2147483647, got 2160000000.',
  });
});
