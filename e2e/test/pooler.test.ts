/**
 * Library and service behind a real PgBouncer with its default settings.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import { createHealth, type Health } from 'portal-health';
import { startPgBouncer, startPostgres, waitFor, type PgBouncer, type PostgresServer } from 'portal-test-kit';
import { newAdministrator, startServiceProcess, WITHOUT_LIMITS } from './service-process.js';

/** Whether a busy machine is slow is no question here. */
const PATIENT = { slowMs: 60_000, deadlineMs: 5_000, intervalMs: 300 };

let server: PostgresServer;
let database: string;
let pooler: PgBouncer;

before(async () => {
  server = await startPostgres();
});

after(() => server.close());

function outcomeOf(health: Health): string {
  const { status, errors } = health.report('public');
  return [status, ...errors.map((error) => /\(([A-Z_]+)\)$/.exec(error)?.[1])].join(' ');
}

for (const mode of ['session', 'transaction', 'statement'] as const) {
  describe(`PgBouncer, ${mode}`, () => {
    before(async () => {
      database = await server.createDatabase();
      pooler = await startPgBouncer({ url: database, mode });
    });

    after(() => pooler.close());

    test('the library: healthy, writes too, and a write that hangs is ended at the server', async () => {
      const pool = new pg.Pool({ connectionString: pooler.through(database) });
      const health = createHealth({
        database: { pool, ...PATIENT, writes: { intervalMs: 100, deadlineMs: 1_000, table: 'writes' } },
      });
      const owner = new pg.Client({ connectionString: database });
      await owner.connect();
      try {
        await health.start();
        await waitFor('the table', async () => (await owner.query('SELECT FROM writes')).rowCount === 2_000);
        await waitFor('health', () => outcomeOf(health) === 'healthy');
        await owner.query('BEGIN');
        await owner.query('LOCK TABLE writes');
        await waitFor('the finding', () => outcomeOf(health) === 'degraded DATABASE_WRITES_FAIL');
        for (let look = 0; look < 50; look += 1) {
          const backends = await server.query(
            `SELECT pid FROM pg_stat_activity WHERE query LIKE '/* portal-health%' AND state <> 'idle'`,
          );
          assert.ok(backends.length <= 1, `${backends.length} at once`);
        }
        await owner.query('COMMIT');
        await waitFor('health', () => outcomeOf(health) === 'healthy');
      } finally {
        await Promise.all([health.close(), owner.end(), pool.end()]);
      }
    });

    test('Postgres is stopped (S-15): DATABASE_UNREACHABLE, and healthy when it is back', async () => {
      const pool = new pg.Pool({ connectionString: pooler.through(database) });
      pool.on('error', () => undefined);
      const health = createHealth({ database: { pool, ...PATIENT } });
      try {
        await health.start();
        assert.equal(outcomeOf(health), 'healthy');
        await server.stop();
        await waitFor('the finding', () => outcomeOf(health) === 'unhealthy DATABASE_UNREACHABLE');
        await server.restart();
        await waitFor('health', () => outcomeOf(health) === 'healthy');
      } finally {
        await Promise.all([health.close(), pool.end()]);
        await server.restart();
      }
    });
  });
}

for (const mode of ['session', 'transaction'] as const) {
  test(`the service behind PgBouncer, ${mode} (S-14): healthy, people sign in, and what LISTEN cannot do is said`, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'portal-pooler-'));
    const url = await server.createDatabase();
    const between = await startPgBouncer({ url, mode });
    const environment = {
      ...WITHOUT_LIMITS,
      DATABASE_URL: between.through(url),
      PORTAL_DATA_DIR: folder,
      PORTAL_INTERVAL_MS: '300',
      PORTAL_DEADLINE_MS: '5000',
      PORTAL_SLOW_MS: '60000',
    };
    const service = await startServiceProcess(folder, environment);
    try {
      const cookie = await newAdministrator(environment, 'operator');
      const response = await fetch(`${service.url}/v1/admin/health`, { headers: { cookie } });
      const report = (await response.json()) as { database: boolean; errors: string[] };
      assert.deepEqual([response.status, report.database], [200, true]);
      assert.ok(
        report.errors.every((error) => !error.includes('DATABASE_')),
        report.errors.join(),
      );
      await waitFor('the write', async () => {
        const client = new pg.Client({ connectionString: url });
        await client.connect();
        const { rowCount } = await client.query('SELECT FROM portal_writes');
        await client.end();
        return rowCount === 2_000;
      });
      await waitFor('the line', () => service.logged().includes('a pooler stands before the database'));
    } finally {
      await service.stop('SIGTERM');
      await between.close();
      await rm(folder, { recursive: true, force: true });
    }
  });
}
