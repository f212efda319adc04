/** The doctor as an operator runs it: without a service, against one server of each kind. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startPostgres, startRedis, type PostgresServer, type RedisServer } from 'portal-test-kit';
import { SCRATCH_FOLDER } from 'portal-test-kit/paths';
import { runPortal, type Ended } from '../portal.js';

let postgres: PostgresServer;
let redis: RedisServer;
let folder: string;
let database: string;

before(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  database = await postgres.createDatabase();
  folder = await mkdtemp(join(SCRATCH_FOLDER, 'portal-doctor-'));
});

after(async () => {
  await Promise.all([postgres.close(), redis.close()]);
  await rm(folder, { recursive: true, force: true });
});

function doctor(environment: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<Ended> {
  return runPortal(['doctor', ...args], { cwd: folder, environment });
}

test('all is well: 0, and the same in JSON', async () => {
  const urls = { DATABASE_URL: database, REDIS_URL: redis.url };
  const [text, json] = await Promise.all([doctor(urls), doctor(urls, '--json')]);
  assert.deepEqual([text.exitCode, text.stderr], [0, '']);
  assert.match(
    text.stdout,
    /^database: up, answers in [\d.]+ ms, nothing is wrong\n {2}What .* GRANT pg_monitor/,
  );
  assert.match(text.stdout, /^cache: up, answers in [\d.]+ ms, nothing is wrong$/m);
  const { status, components } = JSON.parse(json.stdout) as {
    status: string;
    components: { name: string }[];
  };
  assert.deepEqual([status, components.map(({ name }) => name)], ['healthy', ['database', 'cache']]);
});

test('a store that cannot be used: 2, its cause and what to do, and nothing of its URL', async () => {
  const wrong = Object.assign(new URL(database), { password: 'planted-secret' }).href;
  const { exitCode, stdout, stderr } = await doctor({ DATABASE_URL: wrong });
  assert.equal(exitCode, 2);
  assert.match(
    stdout,
    /^database: down\n {2}The database refuses the login \(DATABASE_REFUSED_LOGIN, 28P01\)\n {4}Next: Compare DATABASE_URL/,
  );
  assert.ok(!`${stdout}${stderr}`.includes('planted-secret'));
});

test('nothing to look at: 3', async () => {
  const { exitCode, stderr } = await doctor({});
  assert.deepEqual(
    [exitCode, stderr],
    [3, 'Expected `DATABASE_URL` or `REDIS_URL` to say what to look at, got neither.\n'],
  );
});
