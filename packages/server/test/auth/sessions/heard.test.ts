/**
 * A word that sessions have changed, while the connection for look-ups waits for its next attempt: over real stores, and
 * with timers that stand still, so that nothing but the word brings the connection back.
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, mock, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import {
  startPostgres,
  startProxy,
  startRedis,
  waitFor,
  type PostgresServer,
  type Proxy,
  type RedisServer,
} from 'portal-test-kit';
import { ADMIN } from '../../../src/auth/permission.js';
import { createLog } from '../../../src/infra/log.js';
import { migrate } from '../../../src/infra/migrate.js';
import { createStoreClients, createStores, type Stores } from '../../../src/stores.js';
import { sql } from '../../sql.js';

const WORD = 'portal:sessions-changed';
/** By a clock that goes on while the timers stand still. */
const OPENS_WITHIN_MS = 10_000;

let postgres: PostgresServer;
let redis: RedisServer;
let databaseUrl: string;
let proxy: Proxy;
let records: Stores;
let isAway = false;

before(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  proxy = await startProxy({ port: postgres.port });
});

after(async () => {
  await proxy?.close();
  await Promise.all([postgres?.close(), redis?.close()]);
});

beforeEach(async () => {
  isAway = false;
  const url = new URL((databaseUrl = await postgres.createDatabase()));
  url.port = String(proxy.port);
  records = createStores({
    clients: createStoreClients({
      databaseUrl: url.href,
      redisUrl: redis.url,
      poolSize: 2,
      connectTimeoutMs: 5_000,
      commandTimeoutMs: 5_000,
      log: createLog({ level: 'silent' }),
    }),
    sessionDeadlineMs: 5_000,
    sessionFallbackMs: 60_000,
    codesDeliverable: false,
    isDown: () => isAway,
    isAway: () => isAway,
    log: createLog({ level: 'silent' }),
  });
  await migrate(records.database);
  records.sessions.listen();
  await waitFor('Redis to bring words', async () => {
    const [, listeners] = (await redis.command('PUBSUB', 'NUMSUB', WORD)) as [string, number];
    return listeners === 1;
  });
  await waitFor('the connection', () => records.database.dedicated.isOpen());
});

afterEach(async () => {
  mock.timers.reset();
  await proxy.heal();
  await records.close();
});

/** The database refuses and is there again, and nobody has noticed: every next attempt waits for its time. */
async function comeBackUnnoticed(): Promise<void> {
  mock.timers.enable({ apis: ['setTimeout'] });
  const { dedicated: line } = records.database;
  await proxy.fault('refuse');
  while (line.isOpen()) await turn();
  await proxy.heal();
  const { accepted } = proxy;
  for (let turns = 0; turns < 1_000; turns += 1) await turn();
  assert.equal(line.isOpen(), false);
  assert.equal(proxy.accepted, accepted, 'nobody tries');
}

async function opensAtTheWord(): Promise<void> {
  const { dedicated: line } = records.database;
  await redis.command('PUBLISH', WORD, '');
  const untilMs = performance.now() + OPENS_WITHIN_MS;
  while (!line.isOpen() && performance.now() < untilMs) await turn();
  assert.equal(line.isOpen(), true, 'the word makes the connection');
}

async function page(token: string): Promise<string> {
  const found = await records.sessions.find([token], { fromFallback: true });
  return found === 'late' ? 'late' : (found[0]?.source ?? 'none');
}

async function signIn(): Promise<string> {
  const user = await records.users.add('operator', 'ada', ADMIN);
  return (await records.sessions.begin(user.id, 'command')).token;
}

test('a word makes the connection at once, also where nothing is remembered', async () => {
  const token = await signIn();
  await comeBackUnnoticed();
  await opensAtTheWord();
  assert.equal(await page(token), 'database');
});

test('what is remembered is asked about at the word, and who has ended meanwhile is out', async () => {
  const [lives, ended] = [await signIn(), await another()];
  assert.deepEqual([await page(lives), await page(ended)], ['database', 'database']);
  isAway = true;
  await comeBackUnnoticed();
  assert.deepEqual([await page(lives), await page(ended)], ['memory', 'memory']);
  await sql(databaseUrl, 'UPDATE sessions SET revoked_at = now() WHERE token_suffix = $1', [ended.slice(-6)]);
  await opensAtTheWord();
  assert.deepEqual([await page(lives), await page(ended)], ['database', 'none']);
});

async function another(): Promise<string> {
  const [user] = await records.users.list();
  return (await records.sessions.begin(user?.id ?? 0, 'command')).token;
}
