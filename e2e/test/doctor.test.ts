/**
 * `portal doctor` as a person runs it in an outage: without a service, within ten seconds, whatever hangs.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { startPostgres, startRedis, waitFor, type PostgresServer, type RedisServer } from 'portal-test-kit';

const MAIN = fileURLToPath(new URL('../../../packages/server/dist/src/main.js', import.meta.url));
/** A promise of the documentation, and so the limit after which it is killed. */
const LIMIT_MS = 10_000;

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

/** Its exit code, and the codes and sentences that it prints. */
function doctor(urls: Readonly<Record<string, string>>): Promise<{ exitCode: number; text: string }> {
  return new Promise((resolve, reject) => {
    const env = { PATH: process.env['PATH'], DATABASE_URL: database, REDIS_URL: redis.url, ...urls };
    execFile(
      process.execPath,
      [MAIN, 'doctor'],
      { cwd: folder, env, timeout: LIMIT_MS },
      (error, stdout, stderr) => {
        if (error?.killed) reject(new Error(`It took longer than ${LIMIT_MS} ms.`));
        else resolve({ exitCode: typeof error?.code === 'number' ? error.code : 0, text: stdout + stderr });
      },
    );
  });
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

test('no connection left, a password that was changed, a server that is gone, a name that is none', async () => {
  const end = await postgres.fillConnections();
  await redis.requirePassword('another');
  const full = await doctor({});
  await end();
  assert.equal(full.exitCode, 2);
  assert.match(full.text, /\(DATABASE_TOO_MANY_CONNECTIONS, 53300\)[^]*\(CACHE_REFUSED_LOGIN, NOAUTH\)/);
  const gone = await doctor({
    DATABASE_URL: Object.assign(new URL(database), { hostname: 'no-such-host.invalid' }).href,
    REDIS_URL: 'redis://127.0.0.1:1',
  });
  assert.equal(gone.exitCode, 2);
  assert.match(gone.text, /\(NAME_LOOKUP, \w+\)[^]*\(CACHE_UNREACHABLE, ECONNREFUSED\)/);
});
