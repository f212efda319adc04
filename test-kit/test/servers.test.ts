import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { Client } from 'pg';
import { startPostgres } from '../src/postgres.js';
import { startRedis } from '../src/redis.js';
import { isRunning } from '../src/signals.js';
import { waitFor } from '../src/wait.js';

/** Logs in and says how that went: `in`, or the code of the refusal. */
async function login(url: string): Promise<string> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return 'in';
  } catch (error) {
    return String((error as { code?: unknown }).code);
  } finally {
    await client.end();
  }
}

test('A Postgres can be frozen, filled, made read-only, killed, and is at the same URL afterwards.', async (t) => {
  const postgres = await startPostgres({ settings: { max_connections: 12 } });
  t.after(() => postgres.close());
  const url = await postgres.createDatabase();
  assert.notEqual(await postgres.createDatabase(), url);
  assert.equal(await login(url), 'in');

  const release = await postgres.fillConnections();
  assert.equal(await login(url), '53300');
  await release();
  await waitFor('a place', async () => (await login(url)) === 'in');

  await postgres.readOnly(true);
  await assert.rejects(postgres.query('create table t ()'), { code: '25006' });
  await postgres.readOnly(false);
  await postgres.query('create table t ()');

  await postgres.freeze();
  let answered = false;
  const late = login(url).finally(() => {
    answered = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.equal(answered, false);
  await postgres.thaw();
  assert.equal(await late, 'in');

  await postgres.restartStarting();
  assert.equal(await login(url), '57P03');
  await postgres.restartStandby();
  assert.deepEqual(await postgres.query('select pg_is_in_recovery() as standby'), [{ standby: true }]);

  const { pid } = postgres;
  await postgres.kill();
  assert.equal(await isRunning(pid), false);
  assert.equal(await login(url), 'ECONNREFUSED');
  await postgres.restart();
  assert.equal(await login(url), 'in');
  await postgres.freeze();
  await postgres.close();
  assert.equal(await isRunning(postgres.pid), false);
});

test('A Redis can be frozen, filled, without memory, read-only, loading, locked, killed, and back.', async (t) => {
  const redis = await startRedis();
  t.after(() => redis.close());
  const set = (): Promise<unknown> => redis.command('SET', 'key', 'value');
  assert.equal(await set(), 'OK');

  await redis.outOfMemory(true);
  await assert.rejects(set(), /OOM/);
  await redis.outOfMemory(false);
  await redis.readOnly(true);
  await assert.rejects(set(), /READONLY/);
  await redis.readOnly(false);
  assert.equal(await set(), 'OK');

  const release = await redis.fillConnections();
  await assert.rejects(set());
  await release();
  await waitFor('a place', async () => (await set()) === 'OK');

  await redis.restartLoading();
  await assert.rejects(redis.command('GET', 'key'), /LOADING/);
  await redis.finishLoading();
  await waitFor('the end of loading', async () => (await set()) === 'OK');

  await redis.requirePassword('secret');
  assert.match(await firstReply(redis.port), /^-NOAUTH/);
  assert.equal(await set(), 'OK');

  redis.freeze();
  const late = redis.command('PING');
  redis.thaw();
  assert.equal(await late, 'PONG');

  const { pid } = redis;
  await redis.kill();
  assert.equal(await isRunning(pid), false);
  await redis.restart();
  assert.equal(await redis.command('DBSIZE'), 0);
});

/** What a client without a password gets. */
function firstReply(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.once('error', reject);
    socket.once('data', (bytes) => {
      socket.destroy();
      resolve(bytes.toString());
    });
  });
}
