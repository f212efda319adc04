/** What the service says of stores that answer and do not work, and of one that works and hides its figures. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client } from 'pg';
import { startPostgres, startRedis, waitFor, type PostgresServer, type RedisServer } from 'portal-test-kit';
import { startService, type TestService } from './service.js';

let postgres: PostgresServer;
let redis: RedisServer;

before(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
});

after(() => Promise.all([postgres?.close(), redis?.close()]));

function errorsOf({ app }: TestService): string {
  const { status, errors } = app.health.report('public');
  return [status, ...errors.map((error) => /\(([A-Z_]+)\)$/.exec(error)?.[1])].join(' ');
}

test('writes that never end degrade it (S-04), and leave at most one backend at the server', async () => {
  const databaseUrl = await postgres.createDatabase();
  const service = await startService({
    databaseUrl,
    redisUrl: redis.url,
    environment: {
      PORTAL_SLOW_MS: '60000',
      PORTAL_DEADLINE_MS: '10000',
      PORTAL_WRITE_INTERVAL_MS: '100',
      PORTAL_WRITE_DEADLINE_MS: '1000',
    },
  });
  const holder = new Client({ connectionString: databaseUrl });
  await holder.connect();
  try {
    await waitFor(
      'a write',
      async () => (await holder.query('SELECT FROM portal_writes')).rowCount === 2_000,
    );
    await waitFor('health', () => errorsOf(service) === 'healthy');
    await holder.query('BEGIN');
    await holder.query('LOCK TABLE portal_writes');
    let most = 0;
    await waitFor('the finding', async () => {
      const rows = await postgres.query(
        `SELECT FROM pg_stat_activity WHERE query LIKE '/* portal-health%' AND state <> 'idle'`,
      );
      most = Math.max(most, rows.length);
      return errorsOf(service) === 'degraded DATABASE_WRITES_FAIL';
    });
    assert.equal(most, 1);
    await holder.query('COMMIT');
    await waitFor('health', () => errorsOf(service) === 'healthy');
  } finally {
    await holder.end();
    await service.close();
  }
});

test('a Redis user without INFO (S-10): healthy, figures null, a line in the log', async () => {
  await redis.command('ACL', 'SETUSER', 'app', 'on', '>pw', '~*', '&*', '+@all', '-@dangerous');
  const service = await startService({
    databaseUrl: await postgres.createDatabase(),
    redisUrl: `redis://app:pw@127.0.0.1:${redis.port}`,
    environment: { PORTAL_SLOW_MS: '60000', PORTAL_DEADLINE_MS: '10000' },
  });
  try {
    await waitFor('health', () => errorsOf(service) === 'healthy');
    await service.lineWith('CACHE_FIGURES_HIDDEN');
    const { cache, cache_statistics: figures } = service.app.health.report('public');
    assert.deepEqual([cache, figures.memory_usage_bytes, figures.total_keys], [true, null, null]);
    const lines = service.logged.filter((line) => line.includes('CACHE_FIGURES_HIDDEN'));
    assert.equal(lines.length, 1, 'once, and not at every look');
    const verbose = await (await fetch(`${service.url}/readyz?verbose`)).text();
    assert.match(verbose, /^cache up CACHE_FIGURES_HIDDEN$/m);
  } finally {
    await service.close();
  }
});
