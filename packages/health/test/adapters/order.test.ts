/** The endpoints come first, the pool comes last: an application that connects when it listens already (E-08, E-09). */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { startPostgres, waitFor, type PostgresServer } from 'portal-test-kit';
import { createHealth } from '../../src/index.js';
import { requestHttp1 } from './exchange.js';
import { EVERYTHING, FRAMEWORKS } from './mounting.js';

let postgres: PostgresServer;

before(async () => {
  postgres = await startPostgres();
});

after(() => postgres?.close());

for (const [name, mount] of Object.entries(FRAMEWORKS)) {
  test(`${name}: before a route for everything, and before there is a pool`, async () => {
    let pool: pg.Pool | undefined;
    const health = createHealth({
      database: { pool: () => pool, intervalMs: 100, idleIntervalMs: 100 },
    });
    const app = await mount(health);
    const ask = (path: string) => requestHttp1(app.port, path);
    try {
      void health.start();
      await waitFor('the first report', async () => (await ask('/startupz')).status === 200);
      const { status, body } = await ask('/health');
      assert.equal(status, 503);
      assert.deepEqual(JSON.parse(body).errors.length, 1);
      assert.match(body, /\(DATABASE_NOT_READY\)/);
      assert.equal((await ask('/livez')).status, 200);
      for (const path of ['/', '/orders/1', '/healthy', '/health/x']) {
        assert.equal((await ask(path)).body, EVERYTHING, path);
      }
      pool = new pg.Pool({ connectionString: postgres.url, max: 3 });
      await waitFor('it to be healthy', async () => (await ask('/health')).status === 200);
      assert.equal(JSON.parse((await ask('/health')).body).db_statistics.size, 3);
    } finally {
      await app.close();
      await health.close();
      await pool?.end();
    }
  });
}
