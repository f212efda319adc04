/** The pools of ORMs that bring one of their own, described as the README says, on a real server: Knex and Sequelize. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import knex from 'knex';
import { startPostgres, waitFor, type PostgresServer } from 'portal-test-kit';
import { Sequelize } from 'sequelize';
import { createHealth, type Health } from '../../../src/index.js';
import type { PoolCounts } from '../../../src/statistics/pool-counts.js';

const MAX = 2;

let server: PostgresServer;
let database: string;

before(async () => {
  server = await startPostgres();
  database = await server.createDatabase();
});

after(() => server.close());

/** An ORM with its pool described, and connections of it that can be held. */
interface Subject {
  readonly described: PoolCounts;
  /** Takes a connection out of the pool as a transaction does; resolves to what gives it back. */
  hold(): Promise<() => Promise<unknown>>;
  close(): Promise<unknown>;
}

/** What is used of Knex's and Sequelize's innards, for which neither has types. */
interface KnexClient {
  readonly driver: { readonly Client: unknown };
  readonly pool: Readonly<
    Record<'numUsed' | 'numFree' | 'numPendingCreates' | 'numPendingAcquires', () => number>
  > & {
    readonly max: number;
  };
}
interface ConnectionManager {
  readonly lib: { readonly Client: unknown };
  readonly pool: Readonly<Record<'maxSize' | 'size' | 'available' | 'waiting', number>>;
}

function startKnex(): Subject {
  const orm = knex({ client: 'pg', connection: database, pool: { min: 0, max: MAX } });
  const { pool, driver } = orm.client as KnexClient;
  return {
    described: {
      Client: driver.Client,
      options: { connectionString: database, max: pool.max },
      get totalCount() {
        return pool.numUsed() + pool.numFree() + pool.numPendingCreates();
      },
      get idleCount() {
        return pool.numFree();
      },
      get waitingCount() {
        return pool.numPendingAcquires();
      },
    },
    async hold() {
      const transaction = await orm.transaction();
      return () => transaction.rollback();
    },
    close: () => orm.destroy(),
  };
}

function startSequelize(): Subject {
  const orm = new Sequelize(database, { logging: false, pool: { min: 0, max: MAX } });
  const { pool, lib } = (orm as unknown as { readonly connectionManager: ConnectionManager })
    .connectionManager;
  return {
    described: {
      Client: lib.Client,
      options: { connectionString: database, max: pool.maxSize },
      get totalCount() {
        return pool.size;
      },
      get idleCount() {
        return pool.available;
      },
      get waitingCount() {
        return pool.waiting;
      },
    },
    async hold() {
      const transaction = await orm.transaction();
      return () => transaction.rollback();
    },
    close: () => orm.close(),
  };
}

function figures(health: Health): Record<string, number | null> {
  const { latency_ms: _latency, ...counts } = health.report('public').db_statistics;
  return counts;
}

for (const [name, start] of [
  ['Knex', startKnex],
  ['Sequelize', startSequelize],
] as const) {
  test(`${name}: figures that add up, saturation while callers wait, and none afterwards`, async () => {
    const orm = start();
    const health = createHealth({
      database: { pool: orm.described, slowMs: 60_000, deadlineMs: 60_000, poolSaturatedAfterMs: 50 },
    });
    try {
      await health.start();
      assert.equal(health.report('public').status, 'healthy', 'asked by a connection of its own');
      assert.deepEqual(figures(health), { size: MAX, checked_in: 0, checked_out: 0, overflow: 0, total: 0 });

      const first = await orm.hold();
      assert.deepEqual(figures(health), { size: MAX, checked_in: 0, checked_out: 1, overflow: 0, total: 1 });
      const second = await orm.hold();
      const third = orm.hold();
      await waitFor('saturation', () => health.snapshot().otherProblems.includes('DATABASE_POOL_SATURATED'));
      assert.deepEqual(figures(health), { size: MAX, checked_in: 0, checked_out: 2, overflow: 0, total: 2 });
      assert.equal(health.snapshot().poolWaiting, 1);
      assert.equal(health.report('public').status, 'degraded');

      await first();
      const release = await third;
      assert.equal(health.report('public').status, 'healthy', 'nobody waits any more');
      await Promise.all([second(), release()]);
      await waitFor('both to be back', () => figures(health)['checked_in'] === 2);
      assert.deepEqual(figures(health), { size: MAX, checked_in: 2, checked_out: 0, overflow: 0, total: 2 });
    } finally {
      await Promise.all([health.close(), orm.close()]);
    }
  });
}
