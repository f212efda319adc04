import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Redis } from 'ioredis';
import pg from 'pg';
import { startPostgres, startRedis, waitFor } from 'portal-test-kit';
import { createHealth } from '../src/health.js';
import type { Failure, HealthOptions, ReportEvent, StatusChange } from '../src/health-options.js';
import { respond } from '../src/http/respond.js';
import { watchSource } from 'portal-integrity';
import { withHealth } from './with-health.js';

const FAST = { intervalMs: 20, deadlineMs: 50 };

describe('options that cannot be used are named, with their rule and value', () => {
  const pool = {};
  const bad: [unknown, string][] = [
    [
      { databse: {} },
      'Expected the `databse` option to be one of database, cache, databases, caches, checks, source',
    ],
    [
      { database: { pool, jiter: 0 } },
      'Expected the `database.jiter` option to be one of intervalMs, idleIntervalMs, jitter',
    ],
    [undefined, 'Expected the options to be an object, got undefined.'],
    [{ database: null }, 'Expected the `database` option to be an object, got null.'],
    [
      { database: { pool, intervalMs: -5 } },
      'Expected the `database.intervalMs` option to be a positive number of milliseconds',
    ],
    [{ database: { pool, intervalMs: 1e12 } }, 'up to 2147483647, got 1000000000000.'],
    [{ database: { pool, deadlineMs: '1000' } }, 'got "1000".'],
    [
      { database: { pool, jitter: 2 } },
      'Expected the `database.jitter` option to be a number from 0 to 1, got 2.',
    ],
    [
      { database: { pool, critical: 'yes' } },
      'Expected the `database.critical` option to be true or false, got "yes".',
    ],
    [
      { database: { pool, writes: 'often' } },
      'Expected the `database.writes` option to be an object, got "often".',
    ],
    [
      { database: { pool, writes: { table: 'a"; DROP' } } },
      'Expected the `database.writes.table` option to match',
    ],
    [
      { database: { pool, readOnly: 1 } },
      'Expected the `database.readOnly` option to be true or false, got 1.',
    ],
    [
      { cache: { client: null, readOnly: 1 } },
      'Expected the `cache.readOnly` option to be true or false, got 1.',
    ],
    [{ database: { pool } }, 'Expected the `database.pool` option'],
    [{ cache: { client: {} } }, 'Expected the `cache.client` option'],
    [
      { checks: { database: () => true } },
      'Expected the `checks.database` option to have a name of its own, other than',
    ],
    [
      { databases: { auth: { pool } }, checks: { auth: () => true } },
      'Expected the `checks.auth` option to have a name of its own, other than',
    ],
    [{ databases: { 'Two words': { pool } } }, 'got "Two words".'],
    [{ caches: { cache: { client: null } } }, 'Expected the `caches.cache` option to have a name of its own'],
    [{ databases: { auth: {} } }, 'Expected the `database.pool` option'],
    [{ databases: [], caches: 5 }, 'Expected the `caches` option to be an object, got 5.'],
    [
      { source: { root: '/srv/app' } },
      'Expected the `source` option to be a watched source, such as `watchSource({ root })` of portal-integrity gives',
    ],
    [{ ready: 'always' }, 'Expected the `ready` option to be own or critical, got "always".'],
    [
      { database: { pool, intervalMs: 500, idleIntervalMs: 400 } },
      'Expected the `database.idleIntervalMs` option to be at least `intervalMs`, 500, got 400.',
    ],
    [{ checks: { 'Two words': () => true } }, 'got "Two words".'],
    [{ checks: { queue: 'up' } }, 'Expected the `checks.queue` option to be an object, got "up".'],
    [{ checks: { queue: { check: 'up' } } }, 'Expected the `checks.queue.check` option to be a function'],
    [
      { startedAt: new Date('never') },
      'Expected the `startedAt` option to be a valid Date, got Invalid Date.',
    ],
    [{ onFailure: 'log' }, 'Expected the `onFailure` option to be a function, got "log".'],
  ];
  for (const [options, sentence] of bad) {
    test(sentence, () => {
      assert.throws(
        () => createHealth(options as HealthOptions),
        (error) => error instanceof TypeError && error.message.includes(sentence),
        sentence,
      );
    });
  }
});

describe('checks of your own', () => {
  test('each spoils only its own entry, whatever it does, and heals within an interval', async () => {
    let well = false;
    const trouble: Record<string, (signal: AbortSignal) => unknown> = {
      false: () => false,
      throws: () => {
        throw new Error('at once');
      },
      rejects: () => Promise.reject(new Error('later')),
      hangs: (signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new Error('ended')));
        }),
      rubbish: () => Object.create(null),
    };
    const checks = Object.fromEntries(
      Object.entries(trouble).map(([name, check]) => [
        name,
        { check: (signal: AbortSignal) => (well ? undefined : check(signal)), ...FAST },
      ]),
    );
    await withHealth({ checks }, async (health) => {
      const codes = (): Record<string, string> =>
        Object.fromEntries(health.snapshot().components.map(({ name, problems }) => [name, problems.join()]));
      // Where this process was kept from running meanwhile, the first run is no evidence and the next one says it.
      await waitFor('the deadline', () => codes()['hangs'] === 'CHECK_TIMEOUT');
      assert.deepEqual(codes(), {
        false: 'CHECK_FAILED',
        throws: 'CHECK_FAILED',
        rejects: 'CHECK_FAILED',
        hangs: 'CHECK_TIMEOUT',
        rubbish: '',
      });
      assert.equal(health.report('public').status, 'degraded', 'none of them is critical');
      well = true;
      await waitFor('all checks to be up', () => health.report('public').status === 'healthy');
    });
  });

  test('a critical one makes the status unhealthy, a slow one degrades', async () => {
    const critical = { check: () => false, critical: true };
    await withHealth({ checks: { critical } }, async (health) => {
      assert.equal(health.report('public').status, 'unhealthy');
    });
    await withHealth({ checks: { slow: { check: () => sleep(30), slowMs: 10 } } }, async (health) => {
      assert.equal(health.state('slow'), 'slow');
      assert.deepEqual(health.report('public').errors, [
        'slow: A check of the application answers slowly (CHECK_SLOW)',
      ]);
    });
  });

  test('the signal aborts at the deadline', async () => {
    let reason: unknown;
    const check = (signal: AbortSignal): Promise<never> =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          reason = signal.reason;
          reject(new Error('ended'));
        });
      });
    await withHealth({ checks: { hangs: { check, ...FAST } } }, async () => {
      assert.equal((reason as Error).name, 'AbortError');
    });
  });
});

describe('what the application is told', () => {
  test('failures with their cause, changes of the status with the report; its own exceptions stay its own', async () => {
    const failures: Failure[] = [];
    const changes: StatusChange[] = [];
    const reports: ReportEvent[] = [];
    let up = false;
    const check = (): boolean => {
      if (!up) throw Object.assign(new Error('p@ss'), { code: 'ECONNREFUSED' });
      return true;
    };
    const options: HealthOptions = {
      checks: { queue: { check, ...FAST } },
      onFailure(failure) {
        failures.push(failure);
        throw new Error('the log is full');
      },
      onStatusChange(change) {
        changes.push(change);
        throw new Error('the log is full');
      },
      onReport(event) {
        reports.push(event);
        throw new Error('the log is full');
      },
    };
    await withHealth(options, async (health) => {
      up = true;
      await waitFor('recovery', () => health.report('public').status === 'healthy');
      await waitFor('a report that says the same as before', () => reports.length > changes.length + 1);
    });
    assert.equal(reports[0]?.report.status, 'degraded', 'the first run is told too');
    assert.ok('source_hash' in reports[0].report, 'as an administrator sees it');
    assert.deepEqual(reports[0].codes, ['CHECK_FAILED']);
    assert.deepEqual(
      changes.map(({ codes }) => codes),
      [['CHECK_FAILED'], []],
    );
    assert.deepEqual(failures[0], {
      name: 'queue',
      problems: ['CHECK_FAILED'],
      remarks: [],
      cause: { code: 'ECONNREFUSED', message: 'p@ss' },
    });
    assert.deepEqual(
      changes.map(({ from, to }) => [from, to]),
      [
        [null, 'degraded'],
        ['degraded', 'healthy'],
      ],
    );
    assert.equal(changes[0]?.report.status, 'degraded');
  });
});

test('no cache although one is wanted: said so, degraded; none wanted: nothing said', async () => {
  await withHealth({ cache: { client: null } }, async (health) => {
    const { status, cache, errors } = health.report('public');
    assert.deepEqual(
      [status, cache, errors],
      ['degraded', false, ['No cache is configured (CACHE_NOT_CONFIGURED)']],
    );
    assert.equal(health.state('cache'), 'down');
  });
  await withHealth({}, async (health) => {
    assert.equal(health.report('public').status, 'healthy');
    assert.equal(health.state('cache'), undefined);
  });
});

test('a blocked process never looks healthy: the block is named, and nothing is called stale before a run had its chance', async () => {
  await withHealth(
    { checks: { queue: { check: () => true, ...FAST } }, eventLoopDelayedAfterMs: 100 },
    async (health) => {
      assert.equal(health.report('public').status, 'healthy');
      const untilMs = performance.now() + 400;
      while (performance.now() < untilMs);
      const { status, errors } = health.report('public');
      assert.equal(status, 'degraded');
      assert.deepEqual(errors, ['The event loop of the service is blocked (EVENT_LOOP_DELAYED)']);
      await waitFor('recovery', () => health.report('public').status === 'healthy');
    },
  );
});

test('the same report while nothing changes, another as soon as something does', async () => {
  let healthy = true;
  await withHealth({ checks: { queue: { check: () => healthy, intervalMs: 60_000 } } }, async (health) => {
    const report = health.report('public');
    await sleep(20);
    assert.equal(health.report('public'), report);
    assert.notEqual(health.report('admin'), report);
  });
  healthy = false;
});

test('10,000 requests cause no more queries and commands than time ÷ interval + 1', async () => {
  const postgres = await startPostgres({ settings: { shared_preload_libraries: 'pg_stat_statements' } });
  const redis = await startRedis();
  const pool = new pg.Pool({ connectionString: await postgres.createDatabase() });
  const client = new Redis(redis.url);
  try {
    await postgres.query('CREATE EXTENSION pg_stat_statements; SELECT pg_stat_statements_reset()');
    await redis.command('CONFIG', 'RESETSTAT');
    const intervalMs = 200;
    const startedMs = performance.now();
    let runs = 0;
    await withHealth({ database: { pool, intervalMs }, cache: { client, intervalMs } }, async (health) => {
      for (let requests = 0; requests < 10_000; requests += 1) {
        const { status } = respond(health, { endpoint: 'health', method: 'GET' }, 'public');
        assert.equal(status, 200);
        if (requests % 100 === 0) await sleep(10);
      }
      runs = Math.floor((performance.now() - startedMs) / intervalMs) + 1;
    });
    const [asked] = await postgres.query(
      `SELECT coalesce(sum(calls), 0)::int AS queries FROM pg_stat_statements s JOIN pg_roles r ON r.oid = s.userid WHERE rolname = 'app'`,
    );
    const queries = Number(asked?.['queries']);
    const calls = await redis.calls();
    const commands = calls.get('info') ?? 0;
    assert.ok(queries >= 2 && queries <= runs, `${queries} queries for ${runs} runs`);
    assert.ok(commands >= 2 && commands <= runs + 1, `${commands} commands for ${runs} runs`);
    // The application's own client says hello once; the probes send nothing but their question.
    const others = [...calls].filter(([name]) => name !== 'info' && !name.startsWith('config|'));
    assert.deepEqual(others, [['hello', 1]]);
  } finally {
    client.disconnect();
    await pool.end();
    await Promise.all([postgres.close(), redis.close()]);
  }
});

test('a process that only makes a health and closes it ends by itself', async () => {
  const script = `
    import { createHealth } from ${JSON.stringify(new URL('../src/index.js', import.meta.url).href)};
    const hangs = { check: () => new Promise(() => {}), deadlineMs: 120_000, intervalMs: 120_000 };
    const health = createHealth({ checks: { hangs } });
    const started = health.start();
    await health.close();
    await started;`;
  // Killed, and so rejected, when a timer or a thread of ours keeps it.
  await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], { timeout: 30_000 });
});

test('1,000 made, started and closed leave memory and descriptors as they were', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  const pool = new pg.Pool({ connectionString: await postgres.createDatabase() });
  const client = new Redis(redis.url);
  const root = fileURLToPath(new URL('.', import.meta.url));

  async function rounds(count: number): Promise<{ descriptors: number; heapBytes: number }> {
    for (let round = 0; round < count; round += 1) {
      // A thread is dear, so the source takes part in a tenth of them.
      const source = round % 10 === 0 ? { source: watchSource({ root }) } : {};
      const health = createHealth({
        database: { pool },
        cache: { client },
        checks: { queue: () => true },
        ...source,
      });
      const started = health.start();
      health.report('admin');
      await health.close();
      await started;
    }
    const descriptors = (): number => readdirSync('/dev/fd').length;
    let fewest = descriptors();
    // What is being closed is closed within a moment.
    for (let tries = 0; tries < 20; tries += 1) {
      await sleep(25);
      fewest = Math.min(fewest, descriptors());
    }
    collect();
    return { descriptors: fewest, heapBytes: process.memoryUsage().heapUsed };
  }

  try {
    await client.ping();
    const before = await rounds(100);
    const after = await rounds(1_000);
    assert.ok(
      after.descriptors <= before.descriptors + 2,
      `${before.descriptors} then ${after.descriptors} descriptors`,
    );
    const grownBytes = after.heapBytes - before.heapBytes;
    assert.ok(grownBytes < 2_000_000, `${grownBytes} bytes more, ${grownBytes / 1_000} a round`);
  } finally {
    client.disconnect();
    await pool.end();
    await Promise.all([postgres.close(), redis.close()]);
  }
});
