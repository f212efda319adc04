/** A busy event loop is this process's own trouble: real stores, quick, slow and frozen, asked by a process that is busy. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import pg from 'pg';
import {
  startPostgres,
  startProxy,
  startRedis,
  waitFor,
  type PostgresServer,
  type RedisServer,
} from 'portal-test-kit';
import type { Health } from '../src/index.js';
import type { HealthOptions } from '../src/health-options.js';
import { withHealth } from './with-health.js';

/** At the default limits, so that only the pace is faster. */
const PACE = { intervalMs: 500, idleIntervalMs: 500 };
/** Interval and deadline, and three deadlines more. */
const FOUND_WITHIN_MS = 4_000 + 3_000;

let postgres: PostgresServer;
let redis: RedisServer;
let pool: pg.Pool;
let client: Redis;

before(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startRedis({ password: 'sekret' })]);
  pool = new pg.Pool({ connectionString: await postgres.createDatabase() });
  pool.on('error', () => undefined);
  client = new Redis(redis.url, { maxRetriesPerRequest: 0 });
  client.on('error', () => undefined);
});

after(async () => {
  client.disconnect();
  await pool.end();
  await Promise.all([postgres.close(), redis.close()]);
});

function block(ms: number): void {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs);
}

/** Keeps the event loop busy for so many milliseconds in each of its turns, without a pause. */
async function whileBusy(turnMs: number, work: () => Promise<void>): Promise<void> {
  let busy = turnMs > 0;
  const turn = (): void => {
    block(turnMs);
    if (busy) setImmediate(turn);
  };
  if (busy) setImmediate(turn);
  try {
    await work();
  } finally {
    busy = false;
  }
}

function said(health: Health): string {
  const { status, errors } = health.report('public');
  return [status, ...errors.map((error) => /\(([A-Z_]+)\)$/.exec(error)?.[1] ?? error)].join(' ');
}

function everything(): HealthOptions {
  const check = { check: () => pool.query('SELECT 1'), critical: true, ...PACE };
  return {
    database: { pool, ...PACE },
    cache: { client, critical: true, ...PACE },
    checks: { question: check },
  };
}

test('quick stores, and a loop that is busy without a pause: no store and no check is blamed', async () => {
  await withHealth(everything(), async (health) => {
    await waitFor('health', () => said(health) === 'healthy');
    for (const turnMs of [50, 80, 120, 200]) {
      const seen = new Set<string>();
      await whileBusy(turnMs, async () => {
        const untilMs = performance.now() + 3_000;
        while (performance.now() < untilMs) {
          await sleep(50);
          seen.add(said(health));
        }
      });
      for (const each of seen) {
        assert.match(each, /^(healthy|degraded EVENT_LOOP_DELAYED)$/, `busy for ${turnMs} ms a turn`);
      }
    }
  });
});

test('one long block in the middle of a run: whatever has arrived by then, or comes soon after, counts', async () => {
  await withHealth(everything(), async (health) => {
    for (let times = 0; times < 2; times += 1) {
      health.probeNow();
      await sleep(times);
      block(3_000);
      for (let turns = 0; turns < 20; turns += 1) {
        await sleep(20);
        assert.match(said(health), /^(healthy|degraded EVENT_LOOP_DELAYED)$/);
      }
    }
  });
});

describe('a store that is slow is called so', () => {
  for (const turnMs of [0, 15]) {
    test(`by a loop that is busy for ${turnMs} ms a turn`, async () => {
      const proxy = await startProxy(postgres);
      const url = new URL(postgres.url);
      url.port = String(proxy.port);
      const slow = new pg.Pool({ connectionString: url.href });
      try {
        await proxy.fault('slow', { latencyMs: 700 });
        await whileBusy(turnMs, () =>
          withHealth({ database: { pool: slow, deadlineMs: 60_000 } }, async (health) => {
            assert.equal(said(health), 'degraded DATABASE_SLOW');
          }),
        );
      } finally {
        await proxy.close();
        await slow.end();
      }
    });
  }
});

describe('stores that freeze are found all the same', () => {
  /** Freezes both under a busy loop, beside a check that hangs; waits until each is found. */
  async function findFrozen(turnMs: number, deadlineMs: number, withinMs: number): Promise<void> {
    const pace = { ...PACE, deadlineMs };
    const hang = (): Promise<unknown> => (isFrozen ? new Promise(() => undefined) : Promise.resolve());
    let isFrozen = false;
    const options: HealthOptions = {
      database: { pool, ...pace },
      cache: { client, critical: true, ...pace },
      checks: { own: { check: hang, critical: true, ...pace } },
    };
    await withHealth(options, async (health) => {
      await whileBusy(turnMs, async () => {
        isFrozen = true;
        redis.freeze();
        await postgres.freeze();
        const untilMs = performance.now() + withinMs;
        try {
          while (said(health) !== FROZEN && performance.now() < untilMs) await sleep(20);
          assert.equal(said(health), FROZEN);
        } finally {
          redis.thaw();
          await postgres.thaw();
        }
      });
    });
  }
  const FROZEN = 'unhealthy DATABASE_TIMEOUT CACHE_TIMEOUT CHECK_TIMEOUT';

  test('within the cap, under a loop that is busy for 80 ms a turn', async () => {
    await findFrozen(80, 1_000, FOUND_WITHIN_MS);
  });

  test('by a longer run, where the cap is too short for so busy a loop', async () => {
    await findFrozen(60, 200, 60_000);
  });
});
