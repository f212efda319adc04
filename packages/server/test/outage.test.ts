/**
 * The page about an outage, in the outage: what both health documents answer while the stores are frozen, at the
 * intervals that the service has by default.
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { startPostgres, startRedis, waitFor, type PostgresServer, type RedisServer } from 'portal-test-kit';
import { ADMIN } from '../src/auth/permission.js';
import { sendRequest, type TestResponse } from './request.js';
import { startService, type TestService } from './service.js';

const DEFAULTS = {
  PORTAL_INTERVAL_MS: '2000',
  PORTAL_DEADLINE_MS: '1000',
  PORTAL_SESSION_DEADLINE_MS: '100',
};
/** The promise is 250 ms and is measured by the benchmark; here a hang must be told from a busy machine. */
const NEVER_HANGS_MS = 2_000;

let postgres: PostgresServer;
let redis: RedisServer;
let service: TestService;
let admin: string;
let unauthenticated: string;
const slowest = { ms: 0, what: 'nothing' };

before(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  service = await startService({
    databaseUrl: await postgres.createDatabase(),
    redisUrl: redis.url,
    environment: DEFAULTS,
  });
  admin = await service.sessionCookie(ADMIN);
  unauthenticated = await service.sessionCookie(ADMIN);
  assert.equal((await page()).status, 200);
});

afterEach(async () => {
  redis.thaw();
  await postgres.thaw();
  await waitFor('everything to be well again', async () => (await health()).json['status'] === 'healthy');
  assert.ok(slowest.ms < NEVER_HANGS_MS, `${slowest.what} took ${slowest.ms} ms`);
});

after(async () => {
  await service?.close();
  await Promise.all([postgres?.close(), redis?.close()]);
});

async function timed(what: string, reply: Promise<TestResponse>): Promise<TestResponse> {
  const answer = await reply;
  if (answer.ms > slowest.ms) Object.assign(slowest, { ms: answer.ms, what });
  return answer;
}

function health(): Promise<TestResponse> {
  return timed('/health', sendRequest(service.url, '/health'));
}

function page(cookie = admin): Promise<TestResponse> {
  return timed('the page', sendRequest(service.url, '/v1/admin/health', { cookie }));
}

const DATABASE_TIMEOUT = 'The database does not answer in time (DATABASE_TIMEOUT)';
const CACHE_TIMEOUT = 'The cache does not answer in time (CACHE_TIMEOUT)';

/**
 * Asks both documents again and again until `database` and `cache` are so, with these errors where some are given: a run
 * that the freeze caught in the middle may say another word once. Every answer on the way counts.
 */
async function until(
  what: { readonly database: boolean; readonly cache: boolean },
  ...errors: readonly string[]
): Promise<TestResponse> {
  let last: TestResponse | undefined;
  await waitFor(`database ${what.database}, cache ${what.cache}`, async () => {
    await page();
    last = await health();
    if (errors.length > 0 && String(last.json['errors']) !== String(errors)) return false;
    return last.json['database'] === what.database && last.json['cache'] === what.cache;
  });
  assert.ok(last);
  return last;
}

/** Holds a figure of the document against the server's own. */
function figure(
  reply: TestResponse,
  statistics: 'db_statistics' | 'cache_statistics',
  name: string,
): unknown {
  return (reply.json[statistics] as Record<string, unknown>)[name];
}

test('in good days the figures are those that the servers themselves show', async () => {
  await redis.command('SET', 'a', 'b');
  await redis.command('GET', 'a');
  await waitFor('the page to agree with pg_stat_activity and INFO', async () => {
    const reply = await page();
    const rows = await postgres.query(
      `SELECT count(*) FILTER (WHERE state = 'idle')::int AS idle, count(*)::int AS total
       FROM pg_stat_activity WHERE application_name = 'portal'`,
    );
    const info = String(await redis.command('INFO'));
    const keys = Number(/keys=(\d+)/.exec(info)?.[1]);
    return (
      figure(reply, 'db_statistics', 'total') === rows[0]?.['total'] &&
      figure(reply, 'db_statistics', 'checked_in') === rows[0]?.['idle'] &&
      figure(reply, 'cache_statistics', 'total_keys') === keys
    );
  });
  const reply = await page();
  assert.equal(
    Number(figure(reply, 'db_statistics', 'checked_in')) +
      Number(figure(reply, 'db_statistics', 'checked_out')),
    figure(reply, 'db_statistics', 'total'),
  );
});

test('Postgres frozen: unhealthy, 503, pool figures real, latency null; the page stays open; then healthy again', async () => {
  await postgres.freeze();
  const { status, json } = await until({ database: false, cache: true }, DATABASE_TIMEOUT);
  assert.equal(status, 503);
  assert.equal(json['status'], 'unhealthy');
  const figures = json['db_statistics'] as Record<string, number | null>;
  assert.equal(figures['size'], 20);
  assert.equal(typeof figures['total'], 'number');
  assert.equal(figures['latency_ms'], null);
  const open = await page();
  assert.equal(open.status, 503);
  assert.match(String(open.json['source_hash']), /^[0-9a-f]{64}$/);
  assert.equal(open.headers['x-session-source'], 'memory');
  await postgres.thaw();
  assert.equal((await until({ database: true, cache: true })).json['status'], 'healthy');
});

test('Redis frozen: degraded, 200, cache figures null; the page stays open', async () => {
  redis.freeze();
  const { status, json } = await until({ database: true, cache: false });
  assert.equal(status, 200);
  assert.equal(json['status'], 'degraded');
  assert.ok(Object.values(json['cache_statistics'] as object).every((value) => value === null));
  assert.equal((await page()).status, 200);
});

test('both frozen: who was in keeps the page, from memory, and it is logged; who was not gets 401', async () => {
  redis.freeze();
  await postgres.freeze();
  await until({ database: false, cache: false }, DATABASE_TIMEOUT, CACHE_TIMEOUT);
  const open = await page();
  assert.equal(open.status, 503, 'the document of an unhealthy service');
  assert.equal(open.headers['x-session-source'], 'memory');
  assert.deepEqual(open.json['errors'], [DATABASE_TIMEOUT, CACHE_TIMEOUT]);
  await service.lineWith('let in from memory');
  const shut = await page(unauthenticated);
  assert.equal(shut.status, 401);
  assert.equal(shut.json['error'], 'Authentication required');
});

test('a crowd in the outage: 200 at once, none hangs, and the pool is not used up', async () => {
  await postgres.freeze();
  await until({ database: false, cache: true });
  const replies = await Promise.all(
    Array.from({ length: 200 }, (_, index) => (index % 2 === 0 ? health() : page())),
  );
  assert.ok(replies.every(({ status }) => status === 503));
  const last = await health();
  // At most what the audit and the schema had under way before the probe had noticed; look-ups take none.
  assert.ok(
    Number(figure(last, 'db_statistics', 'checked_out')) <= 3,
    'look-ups take no connection of the pool',
  );
});
