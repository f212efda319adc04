/**
 * `portal doctor` as a person runs it in an outage: without a service, within ten seconds, whatever hangs.
 */
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { startPostgres, startRedis, waitFor, type PostgresServer, type RedisServer } from 'portal-test-kit';
import { runDoctor, type Diagnosed } from './doctor-process.js';

let postgres: PostgresServer;
let redis: RedisServer;
let folder: string;
let database: string;

before(async () => {
  [postgres, redis] = await Promise.all([startPostgres({ settings: { max_connections: 20 } }), startRedis()]);
  database = await postgres.createDatabase();
  folder = await mkdtemp(join(tmpdir(), 'portal-doctor-'));
});

after(async () => {
  await Promise.all([postgres.close(), redis.close()]);
  await rm(folder, { recursive: true, force: true });
});

function doctor(urls: Readonly<Record<string, string>>): Promise<Diagnosed> {
  return runDoctor(folder, { DATABASE_URL: database, REDIS_URL: redis.url, ...urls });
}

test('both are frozen: said of both, in time', async () => {
  await postgres.freeze();
  redis.freeze();
  const { exitCode, text } = await doctor({});
  await postgres.thaw();
  redis.thaw();
  assert.equal(exitCode, 2);
  assert.match(text, /^database: down\n.*\(DATABASE_TIMEOUT\)[^]*^cache: down\n.*\(CACHE_TIMEOUT\)/m);
});

test('a queue for a lock, and a cache that cannot save: who is at the head, and what is refused', async () => {
  const [, place = ''] = (await redis.command('CONFIG', 'GET', 'dir')) as string[];
  await mkdir(join(place, 'dump.rdb'));
  await redis.command('BGSAVE');
  await waitFor('the failure', async () => /bgsave_status:err/.test(String(await redis.command('INFO'))));
  await redis.command('CONFIG', 'SET', 'save', '3600 1');
  await redis.command('SET', 'key', 'value').catch(() => undefined);
  const open = async (application: string): Promise<pg.Client> => {
    const client = new pg.Client({ connectionString: database, application_name: application });
    await client.connect();
    return client;
  };
  const [worker, migration] = [await open('report-worker'), await open('migration')];
  await worker.query('CREATE TABLE t (id int)');
  await worker.query('BEGIN; SELECT FROM t');
  const waiting = migration.query('DROP TABLE t');
  await waitFor('a second of waiting', async () => {
    const [row] = await postgres.query(
      `SELECT count(*)::int AS n FROM pg_locks WHERE waitstart < clock_timestamp() - interval '1 s'`,
    );
    return row?.['n'] === 1;
  });
  const { exitCode, text } = await doctor({});
  assert.equal(exitCode, 1);
  assert.match(
    text,
    /1 session waits for a lock, .* application "report-worker" that has done nothing in an open/,
  );
  assert.match(text, /The cache refuses writes: its last save to disk failed \(CACHE_WRITES_REFUSED\)/);
  await worker.query('ROLLBACK');
  await waiting;
  await Promise.all([worker.end(), migration.end()]);
  await rmdir(join(place, 'dump.rdb'));
  await redis.command('CONFIG', 'SET', 'save', '');
});
