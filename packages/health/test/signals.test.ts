/** A fresh connection is one witness, the application's own pool the other: real servers that turn the one away. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { startPostgres, waitFor, type PostgresServer } from 'portal-test-kit';
import { createHealth, type Health } from '../src/index.js';

const SAMPLING = { intervalMs: 100, idleIntervalMs: 100, deadlineMs: 300 };
const SIZE = 3;

let postgres: PostgresServer;

before(async () => {
  postgres = await startPostgres();
  await postgres.query(`CREATE ROLE few LOGIN PASSWORD 'few' CONNECTION LIMIT ${SIZE}`);
});
after(() => postgres.close());

interface Stage {
  readonly pool: pg.Pool;
  readonly health: Health;
  /** Queries that have succeeded, one after the other, since the last call. */
  readonly served: () => number;
  readonly pause: (paused: boolean) => void;
}

/** A pool of all the connections that its role may have, each of them open, with an application that uses it. */
async function withApplication(role: string, work: (stage: Stage) => Promise<void>): Promise<void> {
  const url = new URL(postgres.url);
  if (role === 'few') Object.assign(url, { username: 'few', password: 'few' });
  const pool = new pg.Pool({ connectionString: url.href, max: SIZE, min: SIZE, idleTimeoutMillis: 0 });
  pool.on('error', () => undefined);
  const clients = await Promise.all(Array.from({ length: SIZE }, () => pool.connect()));
  for (const client of clients) client.release();
  let queries = 0;
  let paused = false;
  const application = setInterval(() => {
    if (paused) return;
    pool.query('SELECT 1').then(
      () => (queries += 1),
      () => undefined,
    );
  }, 20);
  const health = createHealth({ database: { pool, ...SAMPLING } });
  try {
    await work({
      pool,
      health,
      served() {
        const since = queries;
        queries = 0;
        return since;
      },
      pause: (now) => (paused = now),
    });
  } finally {
    clearInterval(application);
    await postgres.thaw();
    await health.close();
    await pool.end();
  }
}

function codes(health: Health): string {
  return health.report('public').errors.join();
}

test('a pool as large as its role may have connections: every query is served, so it is degraded and true', async () => {
  await withApplication('few', async ({ health, served, pause }) => {
    await health.start();
    // A first run that the machine has delayed says another word.
    await waitFor('the refusal', () => codes(health).includes('TOO_MANY_CONNECTIONS'));
    served();
    for (let runs = 0; runs < 10; runs += 1) {
      const seen = health.report('public');
      assert.deepEqual([seen.status, seen.database], ['degraded', true]);
      assert.match(codes(health), /TOO_MANY_CONNECTIONS/);
      await waitFor('more queries', () => served() > 0);
    }
    // Nobody asks any more, because a balancer has gone elsewhere: the server has still answered, and is no worse.
    pause(true);
    await waitFor('an idle pool', () => health.report('public').db_statistics.checked_out === 0);
    assert.equal(health.report('public').status, 'degraded');
    assert.equal(health.state('database'), 'limited');
  });
});

test('a pool that may open more connections than its role may have needs a fresh one, and will not get it', async () => {
  await withApplication('few', async ({ pool, health, served }) => {
    Object.assign(pool.options, { max: SIZE + 1 });
    await health.start();
    await waitFor('queries', () => served() > 0);
    await waitFor('the verdict', () => health.report('public').status === 'unhealthy');
    assert.equal(health.report('public').database, false);
  });
});

test('only the postmaster is frozen: the pool is served, then frozen too, and only then is it down', async () => {
  await withApplication('app', async ({ health, served, pause }) => {
    await health.start();
    await waitFor('health', () => health.report('public').status === 'healthy');
    postgres.freezePostmaster();
    await waitFor('fresh connections to fail', () => codes(health).includes('DATABASE_TIMEOUT'));
    served();
    for (let runs = 0; runs < 5; runs += 1) {
      const { status, database } = health.report('public');
      assert.deepEqual([status, database], ['degraded', true]);
      await waitFor('more queries', () => served() > 0);
    }
    // Idle, it is no worse.
    pause(true);
    await waitFor('an idle pool', () => health.report('public').db_statistics.checked_out === 0);
    assert.equal(health.report('public').status, 'degraded');
    await postgres.freeze();
    pause(false);
    await waitFor('the pool to say so too', () => health.report('public').status === 'unhealthy');
    assert.equal(health.report('public').database, false);
    await postgres.thaw();
    await waitFor('recovery', () => health.report('public').status === 'healthy');
  });
});

test('nobody has used the pool since it froze: there is one witness, and that is enough', async () => {
  await withApplication('app', async ({ health, pause }) => {
    pause(true);
    await health.start();
    await waitFor('an idle pool', () => health.report('public').db_statistics.checked_out === 0);
    await postgres.freeze();
    await waitFor('the verdict', () => codes(health).includes('DATABASE_TIMEOUT'));
    assert.equal(health.report('public').status, 'unhealthy');
    await postgres.thaw();
    postgres.freezePostmaster();
    await waitFor('the verdict', () => codes(health).includes('DATABASE_TIMEOUT'));
    pause(false);
    await waitFor('it to come back', () => health.report('public').status === 'degraded');
    assert.equal(health.report('public').database, true);
  });
});
