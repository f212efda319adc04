/** Who holds the pools that ORMs and other drivers bring, on a real server: Knex, Sequelize, postgres.js, any that is described. */
import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { after, before, test } from 'node:test';
import knex from 'knex';
import pg from 'pg';
import { startPostgres, waitFor, type PostgresServer } from 'portal-test-kit';
import postgres from 'postgres';
import { Sequelize } from 'sequelize';
import type { ExplainSettings } from '../../../src/reasons/explain-options.js';
import { createHolders } from '../../../src/reasons/holders/holders.js';
import { explain } from '../../../src/reasons/catalogue.js';
import type { Sighting } from '../../../src/reasons/sighting.js';

let server: PostgresServer;
let database: string;

before(async () => {
  server = await startPostgres();
  database = await server.createDatabase();
});

after(() => server.close());

const AFTER_MS = 10_000;

/** Looks at holders of `pool` by a clock that can be put forward. */
interface Watch {
  /** After so many seconds. */
  readonly look: (seconds: number) => Promise<readonly Sighting[]>;
  readonly close: () => Promise<void>;
}

function watch(pool: object, settings: Partial<ExplainSettings> = {}): Watch {
  let aheadMs = 0;
  const holders = createHolders({
    component: 'database',
    settings: { holderAfterMs: AFTER_MS, sites: false, ...settings },
    pool: () => pool,
    now: () => performance.now() + aheadMs,
  });
  return {
    async look(seconds) {
      let sightings: readonly Sighting[] = [];
      for (let second = 0; second < seconds; second += 1) {
        aheadMs += 1_000;
        sightings = holders.latest()?.sightings ?? [];
      }
      return sightings;
    },
    close: async () => holders.close?.(),
  };
}

function codes(sightings: readonly Sighting[]): readonly string[] {
  return sightings.map(({ code }) => code);
}

const route = new AsyncLocalStorage<string>();
const NOTED = { sites: true, describe: () => route.getStore() } as const;

/** What is used of Knex's and Sequelize's innards, for which neither has types. */
interface KnexClient {
  readonly driver: { readonly Client: unknown };
  readonly pool: object & { readonly max: number };
}
interface ConnectionManager {
  readonly lib: { readonly Client: unknown };
  readonly pool: object & { readonly maxSize: number };
}

void test('Knex: an open transaction and a leak, by the events of tarn', async () => {
  const orm = knex({ client: 'pg', connection: database, pool: { min: 0, max: 2 } });
  const client = orm.client as KnexClient & {
    acquireConnection(): Promise<unknown>;
    releaseConnection(connection: unknown): Promise<void>;
  };
  const holders = watch({ describes: client.pool, options: { max: 2 } }, NOTED);
  try {
    const transaction = await route.run('GET /knex', () => orm.transaction());
    const connection = await client.acquireConnection();
    const [leak, open] = await holders.look(12);
    equal(leak?.code, 'CONNECTION_LEAK');
    equal(open?.code, 'TRANSACTION_LEFT_OPEN');
    equal(open.names?.['label'], 'GET /knex');
    match(leak.names?.['site'] ?? '', /^(\w+ )?(holders\/)?other-pools\.test\.[jt]s:\d+$/);
    await transaction.rollback();
    await client.releaseConnection(connection);
    deepEqual(await holders.look(12), []);
    await holders.close();
    equal(Object.hasOwn(client.pool, 'acquire'), false);
    // Without it the pool is as it was.
    await orm.raw('SELECT 1');
  } finally {
    await holders.close();
    // What is still held is not waited for.
    void orm.destroy();
  }
});

void test('Sequelize: the same, though its pool has no events', async () => {
  const orm = new Sequelize(database, { logging: false, pool: { min: 0, max: 2 } });
  const { pool, lib } = (orm as unknown as { readonly connectionManager: ConnectionManager })
    .connectionManager;
  const holders = watch({ describes: pool, Client: lib.Client, options: { max: pool.maxSize } }, NOTED);
  try {
    const transaction = await route.run('job sequelize', () => orm.transaction());
    deepEqual(codes(await holders.look(12)), ['TRANSACTION_LEFT_OPEN']);
    await transaction.rollback();
    deepEqual(await holders.look(1), []);
    // Given back and taken again between two looks: the same connection, and not the same checkout.
    const first = await orm.transaction();
    await holders.look(9);
    await first.rollback();
    const second = await orm.transaction();
    deepEqual(await holders.look(9), []);
    await second.rollback();
  } finally {
    await holders.close();
    void orm.close();
  }
});

void test('postgres.js: begin and reserve, whose connections do not tell what they do', async () => {
  const sql = postgres(database, { max: 3, onnotice: () => undefined });
  const original = { ...sql };
  const holders = watch(sql, NOTED);
  let end: (() => void) | undefined;
  try {
    const inside = route.run('POST /orders', () =>
      sql.begin(async (transaction) => {
        await transaction`SELECT 1`;
        await new Promise<void>((resolve) => (end = resolve));
        return 'done';
      }),
    );
    const reserved = await sql.reserve();
    await reserved`SELECT 1`;
    await waitFor('the transaction', () => end !== undefined);
    deepEqual(await holders.look(30), [], 'who cannot tell a leak from work waits longer');
    const [held] = await holders.look(35);
    equal(held?.code, 'CONNECTION_LEAK');
    equal(held.figures['connections'], 2);
    match(
      explain(held).sentence,
      /^2 of 3 connections are checked out, of which the driver does not tell what they do, .*, taken by POST \/orders/,
    );
    end?.();
    equal(await inside, 'done');
    reserved.release();
    deepEqual(await holders.look(70), []);
    // A failure is the caller's, as before.
    await rejects(
      sql.begin(() => Promise.reject(new Error('mine'))),
      /mine/,
    );
    deepEqual(await holders.look(70), []);
  } finally {
    end?.();
    await holders.close();
    await sql.end({ timeout: 1 });
  }
  ok(sql.begin === original.begin && sql.reserve === original.reserve, 'its own methods are back');
});

void test('any pool whose description tells of checkouts and returns', async () => {
  const listeners: Record<'acquire' | 'release', ((connection: object) => void)[]> = {
    acquire: [],
    release: [],
  };
  const holders = watch({
    options: { max: 4 },
    onAcquire(listener: (connection: object) => void) {
      listeners.acquire.push(listener);
      return () => void listeners.acquire.pop();
    },
    onRelease: (listener: (connection: object) => void) => void listeners.release.push(listener),
  });
  const client = new pg.Client(database);
  await client.connect();
  try {
    listeners.acquire[0]?.(client);
    deepEqual(codes(await holders.look(12)), ['CONNECTION_LEAK']);
    listeners.release[0]?.(client);
    deepEqual(await holders.look(12), []);
    await holders.close();
    equal(listeners.acquire.length, 0);
    listeners.release[0]?.(client);
  } finally {
    await client.end();
  }
});

void test('a pool of which nothing can be learnt has no holders, and is none the worse for it', async () => {
  for (const pool of [
    {},
    Object.freeze({ on: 7 }),
    {
      on: () => {
        throw new Error('no');
      },
      off: () => undefined,
    },
  ]) {
    const holders = watch(pool, NOTED);
    deepEqual(await holders.look(3), []);
    await holders.close();
  }
});
