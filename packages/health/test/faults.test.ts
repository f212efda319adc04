/**
 * Real servers, broken on purpose: what the report says of each fault, and that it says so no longer once it is over.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Redis } from 'ioredis';
import pg from 'pg';
import {
  startPostgres,
  startProxy,
  startRedis,
  waitFor,
  type PostgresServer,
  type Proxy,
  type RedisServer,
} from 'portal-test-kit';
import { createHealth, type Health } from '../src/index.js';
import type { Report } from '../src/types.js';

const SAMPLING = { intervalMs: 200, deadlineMs: 400 };
const POOL_SIZE = 4;
/** Starting servers included; a verdict itself takes an interval and a deadline. */
const PATIENCE = { timeoutMs: 30_000 };

let postgres: PostgresServer;
let redis: RedisServer;
let databaseProxy: Proxy;
let cacheProxy: Proxy;
let pool: pg.Pool;
let client: Redis;
let health: Health;

before(async () => {
  [postgres, redis] = await Promise.all([startPostgres({ settings: { max_connections: 20 } }), startRedis()]);
  [databaseProxy, cacheProxy] = await Promise.all([startProxy(postgres), startProxy(redis)]);
  pool = new pg.Pool({
    connectionString: through(await postgres.createDatabase(), databaseProxy),
    max: POOL_SIZE,
  });
  pool.on('error', () => undefined);
  client = new Redis(through(redis.url, cacheProxy), { maxRetriesPerRequest: 0, enableOfflineQueue: false });
  client.on('error', () => undefined);
  health = createHealth({
    database: { pool, ...SAMPLING, poolSaturatedAfterMs: 200, poolStalledAfterMs: 1_000 },
    cache: { client, ...SAMPLING },
  });
  await health.start();
});

after(async () => {
  await health.close();
  client.disconnect();
  const ended = pool.end();
  await Promise.all([databaseProxy.close(), cacheProxy.close(), postgres.close(), redis.close()]);
  await ended;
});

function through(url: string, proxy: Proxy): string {
  const proxied = new URL(url);
  proxied.port = String(proxy.port);
  return proxied.href;
}

/** The report once its errors are exactly these codes, in order. */
async function reportWith(...codes: readonly string[]): Promise<Report> {
  let report = health.report('admin');
  await waitFor(
    `errors to be [${codes.join(', ')}]`,
    () => codesOf((report = health.report('admin'))).join() === codes.join(),
    PATIENCE,
  ).catch((error: unknown) => {
    assert.fail(`${String(error)} The report is ${JSON.stringify(report)}`);
  });
  return report;
}

function codesOf(report: Report): string[] {
  return report.errors.map((error) => /\(([A-Z_]+)\)$/.exec(error)?.[1] ?? error);
}

function assertDatabaseDown(report: Report): void {
  assert.equal(report.status, 'unhealthy');
  assert.equal(report.database, false);
  assert.equal(report.db_statistics.latency_ms, null, 'a latency that was not measured');
  assert.equal(report.db_statistics.size, POOL_SIZE, 'the pool is in this process, and stays readable');
  assert.equal(typeof report.db_statistics.total, 'number');
  assert.equal(report.cache, true);
  assert.equal(typeof report.cache_statistics.total_keys, 'number');
}

function assertCacheDown(report: Report): void {
  assert.equal(report.status, 'degraded');
  assert.equal(report.cache, false);
  assert.ok(Object.values(report.cache_statistics).every((figure) => figure === null));
  assert.equal(report.database, true);
}

test('all is well: real figures, no errors', async () => {
  const report = await reportWith();
  assert.equal(report.status, 'healthy');
  assert.ok(report.database && report.cache);
  assert.ok(
    Object.values(report.cache_statistics).filter((figure) => figure === null).length <= 1,
    'hit_rate only',
  );
  assert.ok((report.db_statistics.latency_ms ?? -1) >= 0);
});

interface Row {
  readonly fault: string;
  readonly code: string;
  readonly begin: () => Promise<unknown> | void;
  readonly end: () => Promise<unknown> | void;
}

/** Ends of faults that are begun with a value to be kept. */
let undo: () => Promise<unknown> = () => Promise.resolve();

const DATABASE_FAULTS: readonly Row[] = [
  {
    fault: 'refused',
    code: 'DATABASE_UNREACHABLE',
    begin: () => databaseProxy.fault('refuse'),
    end: () => databaseProxy.heal(),
  },
  {
    fault: 'black hole',
    code: 'DATABASE_TIMEOUT',
    begin: () => databaseProxy.fault('blackhole'),
    end: () => databaseProxy.heal(),
  },
  {
    fault: 'half-open',
    code: 'DATABASE_TIMEOUT',
    begin: () => databaseProxy.fault('half-open'),
    end: () => databaseProxy.heal(),
  },
  {
    fault: 'reset in the middle of a reply',
    code: 'DATABASE_UNREACHABLE',
    begin: () => databaseProxy.fault('reset'),
    end: () => databaseProxy.heal(),
  },
  {
    fault: 'one byte a second',
    code: 'DATABASE_TIMEOUT',
    begin: () => databaseProxy.fault('trickle'),
    end: () => databaseProxy.heal(),
  },
  {
    fault: 'rubbish',
    code: 'DATABASE_FAILED',
    begin: () => databaseProxy.fault('rubbish'),
    end: () => databaseProxy.heal(),
  },
  {
    fault: 'frozen (SIGSTOP)',
    code: 'DATABASE_TIMEOUT',
    begin: () => postgres.freeze(),
    end: () => postgres.thaw(),
  },
  {
    fault: 'only the postmaster frozen',
    code: 'DATABASE_TIMEOUT',
    begin: () => postgres.freezePostmaster(),
    end: () => postgres.thaw(),
  },
  {
    fault: 'killed, and back',
    code: 'DATABASE_UNREACHABLE',
    begin: () => postgres.kill(),
    end: () => postgres.restart(),
  },
  {
    fault: 'too many connections',
    code: 'DATABASE_TOO_MANY_CONNECTIONS',
    begin: async () => {
      undo = await postgres.fillConnections();
    },
    end: () => undo(),
  },
  {
    fault: 'login refused',
    code: 'DATABASE_REFUSED_LOGIN',
    begin: () => postgres.query('ALTER ROLE app NOLOGIN'),
    end: () => postgres.query('ALTER ROLE app LOGIN'),
  },
  {
    fault: 'starting',
    code: 'DATABASE_STARTING',
    begin: () => postgres.restartStarting(),
    end: () => postgres.restart(),
  },
];

describe('the database', () => {
  for (const { fault, code, begin, end } of DATABASE_FAULTS) {
    test(`${fault}: ${code}, unhealthy, pool figures still real; and healthy again`, async () => {
      await begin();
      try {
        assertDatabaseDown(await reportWith(code));
      } finally {
        await end();
      }
      assert.equal((await reportWith()).status, 'healthy');
    });
  }

  test('slow: DATABASE_SLOW, degraded, still connected, the latency told', async () => {
    const slow = createHealth({ database: { pool, ...SAMPLING, deadlineMs: 20_000, slowMs: 100 } });
    await databaseProxy.fault('slow', { latencyMs: 150 });
    try {
      await slow.start();
      const report = slow.report('public');
      assert.deepEqual(
        [report.status, report.database, codesOf(report)],
        ['degraded', true, ['DATABASE_SLOW']],
      );
      assert.ok((report.db_statistics.latency_ms ?? 0) >= 100);
    } finally {
      await databaseProxy.heal();
      await slow.close();
    }
    await reportWith();
  });

  test('read-only: DATABASE_READ_ONLY, degraded, still connected', async () => {
    await postgres.readOnly(true);
    try {
      const report = await reportWith('DATABASE_READ_ONLY');
      assert.deepEqual([report.status, report.database], ['degraded', true]);
    } finally {
      await postgres.readOnly(false);
    }
    await reportWith();
  });

  test('a standby after a failover: DATABASE_READ_ONLY', async () => {
    await postgres.restartStandby();
    try {
      const report = await reportWith('DATABASE_READ_ONLY');
      assert.equal(report.status, 'degraded');
    } finally {
      await postgres.restart();
    }
    await reportWith();
  });
});

describe('the pool', () => {
  test('saturated, then stalled: degraded, then unhealthy, while the database itself is up', async () => {
    const held = await Promise.all(Array.from({ length: POOL_SIZE }, () => pool.connect()));
    const waiting = pool.connect();
    try {
      const saturated = await reportWith('DATABASE_POOL_SATURATED');
      assert.deepEqual([saturated.status, saturated.database], ['degraded', true]);
      assert.deepEqual(
        { ...saturated.db_statistics, latency_ms: 0 },
        { size: 4, checked_in: 0, checked_out: 4, overflow: 0, total: 4, latency_ms: 0 },
      );
      await waitFor('the pool to be called stalled', () =>
        codesOf(health.report('public')).includes('DATABASE_POOL_STALLED'),
      );
      const stalled = health.report('public');
      assert.deepEqual([stalled.status, stalled.database], ['unhealthy', true]);
    } finally {
      for (const connection of held) connection.release();
      (await waiting).release();
    }
    const { db_statistics: figures } = await reportWith();
    assert.deepEqual([figures.checked_in, figures.checked_out, figures.total], [4, 0, 4]);
  });

  test('no probe has ever used it: no connection of ours at the server but the one asking', async () => {
    const connections = pool.totalCount;
    for (let runs = 0; runs < 5; runs += 1) {
      const rows = await postgres.query(
        `SELECT count(*)::int AS ours FROM pg_stat_activity WHERE application_name = 'portal-health'`,
      );
      assert.ok(Number(rows[0]?.['ours']) <= 1);
    }
    assert.equal(pool.totalCount, connections);
    assert.equal(pool.waitingCount, 0);
  });
});

const CACHE_FAULTS: readonly Row[] = [
  {
    fault: 'refused',
    code: 'CACHE_UNREACHABLE',
    begin: () => cacheProxy.fault('refuse'),
    end: () => cacheProxy.heal(),
  },
  {
    fault: 'black hole',
    code: 'CACHE_TIMEOUT',
    begin: () => cacheProxy.fault('blackhole'),
    end: () => cacheProxy.heal(),
  },
  {
    fault: 'rubbish',
    code: 'CACHE_FAILED',
    begin: () => cacheProxy.fault('rubbish'),
    end: () => cacheProxy.heal(),
  },
  { fault: 'frozen (SIGSTOP)', code: 'CACHE_TIMEOUT', begin: () => redis.freeze(), end: () => redis.thaw() },
  {
    fault: 'killed, and back',
    code: 'CACHE_UNREACHABLE',
    begin: () => redis.kill(),
    end: () => redis.restart(),
  },
  {
    fault: 'paused (CLIENT PAUSE)',
    code: 'CACHE_TIMEOUT',
    begin: () => redis.command('CLIENT', 'PAUSE', 60_000),
    end: () => redis.restart(),
  },
  {
    fault: 'a password that we have not (NOAUTH)',
    code: 'CACHE_REFUSED_LOGIN',
    begin: () => redis.requirePassword('another'),
    end: () => redis.requirePassword(''),
  },
  {
    fault: 'too many connections (maxclients)',
    code: 'CACHE_TOO_MANY_CONNECTIONS',
    begin: async () => {
      undo = await redis.fillConnections();
    },
    end: () => undo(),
  },
  {
    fault: 'loading its data',
    code: 'CACHE_LOADING',
    begin: () => redis.restartLoading(),
    end: () => redis.finishLoading(),
  },
];

describe('the cache', () => {
  for (const { fault, code, begin, end } of CACHE_FAULTS) {
    test(`${fault}: ${code}, degraded, all its figures null; and healthy again`, async () => {
      await begin();
      try {
        assertCacheDown(await reportWith(code));
      } finally {
        await end();
      }
      assert.equal((await reportWith()).status, 'healthy');
    });
  }
});

describe('a cache that answers but refuses writes', () => {
  const findings = [
    {
      fault: 'out of memory (OOM)',
      code: 'CACHE_OUT_OF_MEMORY',
      set: (on: boolean) => redis.outOfMemory(on),
    },
    { fault: 'a replica (READONLY)', code: 'CACHE_READ_ONLY', set: (on: boolean) => redis.readOnly(on) },
  ];
  for (const { fault, code, set } of findings) {
    test(`${fault}: ${code}, degraded, still connected, figures told`, async () => {
      await set(true);
      try {
        const report = await reportWith(code);
        assert.deepEqual([report.status, report.cache], ['degraded', true]);
        assert.equal(typeof report.cache_statistics.memory_usage_bytes, 'number');
      } finally {
        await set(false);
      }
      await reportWith();
    });
  }
});

test('both frozen at once: both causes named, and both heal', async () => {
  await postgres.freeze();
  redis.freeze();
  try {
    const report = await reportWith('DATABASE_TIMEOUT', 'CACHE_TIMEOUT');
    assert.deepEqual([report.status, report.database, report.cache], ['unhealthy', false, false]);
  } finally {
    redis.thaw();
    await postgres.thaw();
  }
  await reportWith();
});
