/** The server answers whoever comes anew, and the application gets nothing: its pool, or its client, is at an end. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Redis } from 'ioredis';
import pg from 'pg';
import { startPostgres, startRedis, waitFor, type PostgresServer, type RedisServer } from 'portal-test-kit';
import { createClient } from 'redis';
import { createPostgresProbe } from '../../src/probes/postgres/postgres.js';
import { createRedisProbe } from '../../src/probes/redis/redis.js';
import { outcomeOf } from './run-probe.js';

const SLOW_MS = 60_000;

let postgres: PostgresServer;
let redis: RedisServer;

before(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
});

after(() => Promise.all([postgres.close(), redis.close()]));

test('a pool that has been ended: DATABASE_NOT_READY', async () => {
  const pool = new pg.Pool({ connectionString: postgres.url });
  const probe = createPostgresProbe({ pool, slowMs: SLOW_MS });
  assert.equal(await outcomeOf(probe), 'up');
  await pool.end();
  await assert.rejects(pool.query('SELECT 1'));
  assert.equal(await outcomeOf(probe), 'down DATABASE_NOT_READY');
});

test('a client of node-redis that has been closed, not one that has not been opened: CACHE_NOT_READY', async () => {
  const client = createClient({ url: redis.url });
  const probe = createRedisProbe({ client, slowMs: SLOW_MS });
  assert.equal(await outcomeOf(probe), 'up');
  await client.connect();
  assert.equal(await outcomeOf(probe), 'up');
  client.destroy();
  await assert.rejects(client.get('a'));
  assert.equal(await outcomeOf(probe), 'down CACHE_NOT_READY');
  await client.connect();
  assert.equal(await outcomeOf(probe), 'up');
  client.destroy();
});

test('a client of ioredis that has given up for good: the server first, then CACHE_NOT_READY', async () => {
  const server = await startRedis();
  const client = new Redis(server.url, { retryStrategy: () => null });
  client.on('error', () => undefined);
  try {
    const probe = createRedisProbe({ client, slowMs: SLOW_MS });
    await client.ping();
    assert.equal(await outcomeOf(probe), 'up');
    await server.kill();
    await waitFor('it to give up', () => client.status === 'end');
    assert.equal(await outcomeOf(probe), 'down CACHE_UNREACHABLE');
    await server.restart();
    await assert.rejects(client.get('a'));
    assert.equal(await outcomeOf(probe), 'down CACHE_NOT_READY');
    await client.connect();
    assert.equal(await outcomeOf(probe), 'up');
  } finally {
    client.disconnect();
    await server.close();
  }
});
