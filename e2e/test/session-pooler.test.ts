/**
 * A session pooler that is full of the application's own connections: no other client gets in, and every query is served.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import { createHealth } from 'portal-health';
import { startPgBouncer, startPostgres, waitFor } from 'portal-test-kit';

const SIZE = 3;
const SAMPLING = { intervalMs: 300, idleIntervalMs: 300, deadlineMs: 700 };

test('the fresh connection waits in vain, the pool is served: degraded, and the database true', async () => {
  const server = await startPostgres();
  const url = await server.createDatabase();
  const pooler = await startPgBouncer({
    url,
    mode: 'session',
    settings: { default_pool_size: String(SIZE) },
  });
  const pool = new pg.Pool({
    connectionString: pooler.through(url),
    max: SIZE,
    min: SIZE,
    idleTimeoutMillis: 0,
  });
  pool.on('error', () => undefined);
  let served = 0;
  let paused = false;
  const application = setInterval(() => {
    if (paused) return;
    pool.query('SELECT 1').then(
      () => (served += 1),
      () => undefined,
    );
  }, 20);
  const health = createHealth({ database: { pool, ...SAMPLING } });
  try {
    const clients = await Promise.all(Array.from({ length: SIZE }, () => pool.connect()));
    for (const client of clients) await client.query('SELECT 1');
    for (const client of clients) client.release();
    await health.start();
    for (let looks = 0; looks < 6; looks += 1) {
      const { status, database, errors } = health.report('public');
      assert.deepEqual(
        [status, database, ...errors],
        ['degraded', true, 'The database does not answer in time (DATABASE_TIMEOUT)'],
      );
      const before = served;
      await waitFor('more queries', () => served > before + 10);
    }
    paused = true;
    await waitFor('an idle pool', () => health.report('public').db_statistics.checked_out === 0);
    assert.equal(health.report('public').status, 'degraded', 'that nobody asks is no evidence');
    paused = false;
    await pool.end();
    await waitFor('the verdict', () => health.report('public').status !== 'degraded');
  } finally {
    clearInterval(application);
    await health.close();
    if (!pool.ended) await pool.end();
    await pooler.close();
    await server.close();
  }
});
