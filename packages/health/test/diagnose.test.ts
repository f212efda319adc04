/** Every scene that one look can reach, on real servers: the cause, who causes it, and nothing else. */
import assert from 'node:assert/strict';
import { mkdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Redis } from 'ioredis';
import pg from 'pg';
import { startPostgres, startRedis, waitFor, type PostgresServer, type RedisServer } from 'portal-test-kit';
import { diagnose, type Diagnosis } from '../src/diagnose.js';
import { createSessions, type Sessions } from './reasons/postgres/sessions.js';

let server: PostgresServer;
let database: string;
let scene: Sessions;
let redis: RedisServer;

before(async () => {
  [server, redis] = await Promise.all([
    startPostgres({ settings: { max_connections: 24, log_statement: 'all' } }),
    startRedis(),
  ]);
  database = await server.createDatabase();
  scene = await createSessions(server, database);
});

after(async () => {
  await scene.close();
  await Promise.all([server.close(), redis.close()]);
});

async function databaseAt(url: string, deadlineMs = 5_000): Promise<Diagnosis> {
  const pool = new pg.Pool({ connectionString: url });
  const [found] = await diagnose({ database: { pool }, deadlineMs });
  await pool.end();
  assert.ok(found);
  return found;
}

async function cacheAt(url: string, deadlineMs = 5_000): Promise<Diagnosis> {
  const client = new Redis(url, { lazyConnect: true });
  const [found] = await diagnose({ cache: { client }, deadlineMs });
  client.disconnect();
  assert.ok(found);
  return found;
}

function changed(
  url: string,
  parts: Partial<Pick<URL, 'password' | 'pathname' | 'hostname' | 'port'>>,
): string {
  return Object.assign(new URL(url), parts).href;
}

function codesOf({ state, problems, reasons }: Diagnosis): string {
  return [
    state === 'slow' ? 'up' : state,
    ...problems.filter((code) => !code.endsWith('_SLOW')),
    ...reasons.map(({ code }) => code),
  ].join(' ');
}

describe('a database', () => {
  test('that is well: nothing is wrong, by at most ten statements', async () => {
    const logged = (await server.readLog()).length;
    assert.equal(codesOf(await databaseAt(database)), 'up');
    const log = (await server.readLog()).slice(logged);
    const statements = [...log.matchAll(/statement: ([^\n]*(?:\n\t[^\n]*)*)/g)].flatMap(([, text = '']) =>
      text.split(';'),
    );
    assert.ok(
      statements.length >= 3 && statements.length <= 10,
      `${statements.length}: ${statements.join('\n')}`,
    );
  });

  test('with a queue for a lock: its head, and what it does where that is not hidden', async () => {
    const end = await scene.lockQueue(5);
    const plain = await databaseAt(database);
    assert.equal(codesOf(plain), 'up LOCK_QUEUE');
    assert.match(
      plain.reasons[0]?.sentence ?? '',
      /^6 sessions .* application "report-worker"; what it does is hidden/,
    );
    assert.equal(plain.seesAll, false);
    const whole = await databaseAt(scene.urlOf('watcher'));
    assert.match(
      whole.reasons[0]?.sentence ?? '',
      /application "report-worker" that has done nothing in an open transaction/,
    );
    assert.equal(whole.seesAll, true);
    await end();
  });

  test('nearly without connections, and without', async () => {
    const end = await server.fillConnections();
    assert.equal(codesOf(await databaseAt(database)), 'down DATABASE_TOO_MANY_CONNECTIONS');
    assert.equal(codesOf(await databaseAt(server.url)), 'up CONNECTIONS_EXHAUSTED');
    await end();
  });

  test('that refuses, does not answer, or is not where the URL says', async () => {
    assert.equal(
      codesOf(await databaseAt(changed(database, { password: 'wrong' }))),
      'down DATABASE_REFUSED_LOGIN',
    );
    assert.equal(
      codesOf(await databaseAt(changed(database, { pathname: '/none' }))),
      'down DATABASE_REFUSED_LOGIN',
    );
    assert.equal(codesOf(await databaseAt(changed(database, { port: '1' }))), 'down DATABASE_UNREACHABLE');
    assert.equal(
      codesOf(await databaseAt(changed(database, { hostname: 'no-such-host.invalid' }))),
      'down NAME_LOOKUP',
    );
    await server.freeze();
    assert.equal(codesOf(await databaseAt(database, 300)), 'down DATABASE_TIMEOUT');
    await server.thaw();
    await server.readOnly(true);
    assert.equal(codesOf(await databaseAt(database)), 'up DATABASE_READ_ONLY');
    await server.readOnly(false);
  });
});

describe('a cache', () => {
  test('that is well, full, or refuses writes as it cannot save', async () => {
    assert.equal(codesOf(await cacheAt(redis.url)), 'up');
    await redis.outOfMemory(true);
    assert.equal(
      codesOf(await cacheAt(redis.url)),
      'up CACHE_OUT_OF_MEMORY CACHE_WRITES_REFUSED CACHE_NEARLY_FULL',
    );
    await redis.outOfMemory(false);
    const [, folder = ''] = (await redis.command('CONFIG', 'GET', 'dir')) as string[];
    await mkdir(join(folder, 'dump.rdb'));
    await redis.command('BGSAVE');
    await waitFor('the failure', async () => codesOf(await cacheAt(redis.url)) === 'up CACHE_NOT_SAVED');
    await redis.command('CONFIG', 'SET', 'save', '3600 1');
    await redis.command('SET', 'key', 'value').catch(() => undefined);
    const found = await cacheAt(redis.url);
    assert.equal(codesOf(found), 'up CACHE_WRITES_REFUSED CACHE_WRITES_REFUSED');
    assert.equal(found.reasons[0]?.sentence, 'The cache refuses writes: its last save to disk failed');
    await rmdir(join(folder, 'dump.rdb'));
    await redis.command('CONFIG', 'SET', 'save', '');
  });

  test('that has no place, refuses the login, does not answer, or is not there', async () => {
    const end = await redis.fillConnections();
    assert.equal(codesOf(await cacheAt(redis.url)), 'down CACHE_TOO_MANY_CONNECTIONS');
    await end();
    redis.freeze();
    assert.equal(codesOf(await cacheAt(redis.url, 300)), 'down CACHE_TIMEOUT');
    redis.thaw();
    assert.equal(codesOf(await cacheAt(changed(redis.url, { port: '1' }))), 'down CACHE_UNREACHABLE');
    await redis.requirePassword('secret');
    assert.equal(codesOf(await cacheAt(redis.url)), 'down CACHE_REFUSED_LOGIN');
  });
});

test('no option that cannot be used', async () => {
  await assert.rejects(
    diagnose({ deadlineMs: 0 }),
    /Expected the `deadlineMs` option to be a positive number/,
  );
  assert.deepEqual(await diagnose({}), []);
});
