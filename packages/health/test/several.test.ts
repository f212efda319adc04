/** Several stores by name, and stores that are made later or made anew. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Redis } from 'ioredis';
import pg from 'pg';
import { startPostgres, startRedis, waitFor, type PostgresServer, type RedisServer } from 'portal-test-kit';
import { metricsText } from '../src/http/formats/openmetrics.js';
import { createHealth, type Health } from '../src/index.js';
import type { HealthOptions } from '../src/health-options.js';
import { respond } from '../src/http/respond.js';
import { withHealth } from './with-health.js';

const SAMPLING = { intervalMs: 50, idleIntervalMs: 50, deadlineMs: 500 };

let postgres: PostgresServer;
let redis: RedisServer;
const pools: pg.Pool[] = [];
const clients: Redis[] = [];

before(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
});
after(async () => {
  for (const client of clients) client.disconnect();
  await Promise.all(pools.filter(({ ended }) => !ended).map((pool) => pool.end()));
  await Promise.all([postgres.close(), redis.close()]);
});

function newPool(options: pg.PoolConfig = {}): pg.Pool {
  const pool = new pg.Pool({ connectionString: postgres.url, max: 2, ...options });
  pool.on('error', () => undefined);
  pools.push(pool);
  return pool;
}

function newClient(): Redis {
  const client = new Redis(redis.url);
  client.on('error', () => undefined);
  clients.push(client);
  return client;
}

function errorsOf(health: Health): string {
  return health.report('public').errors.join('; ');
}

describe('several by name', () => {
  test('a second pool that is stuck is named, with figures, findings and metrics of its own', async () => {
    const auth = newPool();
    await withHealth(
      {
        database: { pool: newPool(), ...SAMPLING },
        databases: { auth: { pool: auth, ...SAMPLING, poolSaturatedAfterMs: 100, poolStalledAfterMs: 300 } },
        cache: { client: newClient(), ...SAMPLING },
        caches: { queue: { client: newClient(), ...SAMPLING } },
      },
      async (health) => {
        await waitFor('health', () => health.report('public').status === 'healthy');
        assert.equal(errorsOf(health), '');
        const held = await Promise.all([auth.connect(), auth.connect()]);
        const waiting = auth.query('SELECT 1');
        const both =
          'auth: All connections of the pool are in use and callers wait (DATABASE_POOL_SATURATED); ' +
          'auth: Callers wait for a connection and none has been returned for a while (DATABASE_POOL_STALLED)';
        await waitFor('the stall', () => errorsOf(health) === both);
        const report = health.report('public');
        assert.deepEqual([report.status, report.database], ['unhealthy', true]);
        assert.equal(report.db_statistics.checked_out, 0, 'the published figures are those of `database`');
        const metrics = metricsText(health.snapshot(), report.status, 'prometheus').split('\n');
        for (const line of [
          'db_client_connections{db_client_connection_pool_name="auth",db_client_connection_state="used"} 2',
          'db_client_connection_pending_requests{db_client_connection_pool_name="auth"} 1',
          'db_client_connection_pending_requests{db_client_connection_pool_name="database"} 0',
          'portal_health_up{part="auth"} 1',
          'portal_health_up{part="queue"} 1',
          'portal_cache_keys{cache="queue"} 0',
          'portal_cache_keys 0',
        ]) {
          assert.ok(metrics.includes(line), line);
        }
        const question = { endpoint: 'health', method: 'GET', accept: 'application/health+json' } as const;
        const { checks } = JSON.parse(respond(health, question, 'admin').body) as {
          checks: Record<string, { status: string; componentType: string }[] | undefined>;
        };
        assert.equal(checks['auth:connections']?.[0]?.status, 'fail');
        assert.equal(checks['database:connections']?.[0]?.status, 'pass');
        assert.equal(checks['queue:keys']?.[0]?.componentType, 'datastore');
        const verbose = respond(health, { endpoint: 'readyz', method: 'GET', verbose: true }, 'public').body;
        assert.match(verbose, /^auth up$/m);
        for (const client of held) client.release();
        await waiting;
        await waitFor('recovery', () => health.report('public').status === 'healthy');
      },
    );
  });

  test('one of several that is down makes the published key false, and says which', async () => {
    const lost = newPool({ connectionString: postgres.url.replace(/:\d+\//, ':1/') });
    await withHealth(
      {
        database: { pool: newPool(), ...SAMPLING },
        databases: { reports: { pool: lost, critical: false, ...SAMPLING } },
        caches: { missing: { client: null } },
      },
      async (health) => {
        const words =
          'reports: The database cannot be reached (DATABASE_UNREACHABLE); missing: No cache is configured (CACHE_NOT_CONFIGURED)';
        // A first run that the machine has delayed says another word.
        await waitFor('both', () => errorsOf(health) === words);
        const { status, database, cache } = health.report('public');
        assert.deepEqual([status, database, cache], ['degraded', false, false]);
        assert.deepEqual([health.state('database'), health.state('reports')], ['up', 'down']);
      },
    );
  });
});

describe('a pool or a client that is not there yet', () => {
  test('is a finding, not an exception, and is asked for again in every run', async () => {
    let pool: pg.Pool | undefined;
    let client: Redis | null = null;
    await withHealth(
      {
        database: { pool: () => pool, ...SAMPLING },
        cache: { client: async () => client, ...SAMPLING },
      },
      async (health) => {
        const report = health.report('public');
        assert.deepEqual([report.status, report.database, report.cache], ['unhealthy', false, false]);
        assert.equal(
          errorsOf(health),
          'The application has no open pool for the database (DATABASE_NOT_READY); The application has no open client for the cache (CACHE_NOT_READY)',
        );
        assert.equal(report.db_statistics.size, null);
        assert.ok(health.started() && health.ready(), 'it can answer, and says why');
        pool = newPool();
        client = newClient();
        await waitFor('both', () => health.report('public').status === 'healthy');
        assert.equal(health.report('public').db_statistics.size, 2);
      },
    );
  });

  test('also when asking for it throws, rejects, never ends, or gives what is no pool', async () => {
    let calls = 0;
    const never = (): Promise<undefined> => {
      calls += 1;
      return new Promise(() => undefined);
    };
    const given: readonly (() => unknown)[] = [
      () => {
        throw new Error('not connected');
      },
      () => Promise.reject(new Error('not connected')),
      () => ({ not: 'a pool' }),
      () => 'pool',
      () => null,
      never,
    ];
    const databases = Object.fromEntries(
      given.map((pool, index) => [
        `n${index}`,
        { ...SAMPLING, deadlineMs: 100, pool: pool as () => undefined },
      ]),
    );
    await withHealth({ databases }, async (health) => {
      const started = health.snapshot().components.map(({ state, problems }) => [state, problems.join()]);
      assert.deepEqual(
        started,
        given.map(() => ['down', 'DATABASE_NOT_READY']),
      );
      const lookedAt = health.snapshot().components[5]?.checkedAt;
      await waitFor('more runs', () => health.snapshot().components[5]?.checkedAt !== lookedAt);
      assert.equal(calls, 1, 'a call that is open is never joined by another');
    });
  });

  test('a pool that is made anew at a rotation is followed, and the old one is let go of', async () => {
    await postgres.query(`CREATE ROLE v1 LOGIN PASSWORD 'one'; CREATE ROLE v2 LOGIN PASSWORD 'two'`);
    const poolOf = (user: string, password: string): pg.Pool => {
      const url = new URL(postgres.url);
      Object.assign(url, { username: user, password });
      return newPool({ connectionString: url.href });
    };
    let pool = poolOf('v1', 'one');
    await withHealth({ database: { pool: () => pool, ...SAMPLING } }, async (health) => {
      await waitFor('health', () => health.report('public').status === 'healthy');
      const old = pool;
      assert.equal(old.listenerCount('release'), 1);
      pool = poolOf('v2', 'two');
      await old.end();
      await postgres.query('DROP ROLE v1');
      await waitFor('the new pool to be followed', () => pool.listenerCount('release') === 1);
      assert.equal(old.listenerCount('release') + old.listenerCount('acquire'), 0);
      await waitFor('health', () => health.report('public').status === 'healthy');
    });
    assert.equal(pool.listenerCount('release'), 0);
  });

  test('given directly it is an error, as before; and nothing is left on the pools that were fine', () => {
    const pool = newPool();
    const bad = { database: { pool }, databases: { late: { pool: undefined } } };
    assert.throws(() => createHealth(bad as unknown as HealthOptions), /Expected the `database.pool` option/);
    assert.equal(pool.listenerCount('release'), 0);
  });
});

describe('a check that does not end', () => {
  test('is never joined by another run: it stays as it is, its age grows, and it heals once it ends', async () => {
    let open = 0;
    let end: (answer: boolean) => void = () => undefined;
    const check = (): unknown => {
      open += 1;
      return open === 1 ? new Promise((resolve) => (end = resolve)) : true;
    };
    let reports = 0;
    await withHealth(
      { checks: { x: { check, ...SAMPLING, deadlineMs: 50 } }, onReport: () => (reports += 1) },
      async (health) => {
        const [first] = health.snapshot().components;
        await waitFor('more runs', () => reports >= 6);
        assert.equal(open, 1);
        const [finding] = health.snapshot().components;
        assert.deepEqual([finding?.state, finding?.problems], ['down', ['CHECK_TIMEOUT']]);
        assert.equal(finding?.checkedAt?.getTime(), first?.checkedAt?.getTime(), 'its age grows');
        assert.equal(errorsOf(health), 'x: A check of the application did not end in time (CHECK_TIMEOUT)');
        end(true);
        await waitFor('recovery', () => health.report('public').status === 'healthy');
      },
    );
  });

  test('because our own loop is busy is not asked again either, and its answer counts when it comes', async () => {
    let calls = 0;
    let answer: (answer: boolean) => void = () => undefined;
    const check = (): unknown => {
      calls += 1;
      return calls === 2 ? new Promise((resolve) => (answer = resolve)) : true;
    };
    const sampling = { ...SAMPLING, deadlineMs: 100 };
    await withHealth({ checks: { x: { check, critical: true, ...sampling } } }, async (health) => {
      let busy = true;
      const turn = (): void => {
        for (const untilMs = performance.now() + 40; performance.now() < untilMs;);
        if (busy) setImmediate(turn);
      };
      setImmediate(turn);
      try {
        await waitFor('a run in vain', () => errorsOf(health).includes('EVENT_LOOP_DELAYED'));
        assert.equal(calls, 2);
        answer(true);
        await waitFor('it to be asked again', () => calls > 2);
        assert.notEqual(health.report('public').status, 'unhealthy');
      } finally {
        busy = false;
      }
    });
  });

  test('on a stuck pool of the application leaves one caller there, not one a run', async () => {
    const pool = newPool();
    const held = await Promise.all([pool.connect(), pool.connect()]);
    let reports = 0;
    const check = (): Promise<unknown> => pool.query('SELECT 1');
    await withHealth(
      { checks: { auth: { check, ...SAMPLING, deadlineMs: 50 } }, onReport: () => (reports += 1) },
      async () => {
        await waitFor('more runs', () => reports >= 6);
        assert.equal(pool.waitingCount, 1);
        for (const client of held) client.release();
      },
    );
  });
});
