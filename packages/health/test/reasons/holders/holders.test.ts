/** Who holds a real pool, on a real server: a leak, an open transaction, a slow statement and a queue for a lock at once. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { startPostgres, waitFor, type PostgresServer } from 'portal-test-kit';
import type { Health } from '../../../src/health.js';
import type { DatabaseExplainOptions } from '../../../src/reasons/explain-options.js';
import { createHolders, type Holders } from '../../../src/reasons/holders/holders.js';
import type { ServerReading } from '../../../src/reasons/holders/server-sessions.js';
import type { Sighting } from '../../../src/reasons/sighting.js';
import { withHealth } from '../../with-health.js';

let server: PostgresServer;
let connectionString: string;

before(async () => {
  server = await startPostgres();
  connectionString = await server.createDatabase();
});

after(() => server.close());

const QUICK = { holderAfterMs: 1_000, sites: false } as const;
const SLOW_RUNS = { slowMs: 60_000, deadlineMs: 60_000 };

async function withPool(max: number, work: (pool: pg.Pool) => Promise<void>): Promise<void> {
  const pool = new pg.Pool({ connectionString, max });
  pool.on('error', () => undefined);
  pool.on('connect', (client) => void client.on('error', () => undefined));
  try {
    await work(pool);
  } finally {
    // What is still checked out is never given back: the server ends it.
    const admin = new pg.Client({ connectionString: server.url });
    await admin.connect();
    await admin.query(
      'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()',
      [new URL(connectionString).pathname.slice(1)],
    );
    await admin.end();
  }
}

function withExplained(
  pool: pg.Pool,
  explain: DatabaseExplainOptions,
  work: (health: Health) => Promise<void>,
): Promise<void> {
  return withHealth({ database: { pool, ...SLOW_RUNS, explain: { ...QUICK, ...explain } } }, work);
}

function codes(health: Health): readonly string[] {
  return health.reasons('admin').map(({ code }) => code);
}

/** Those of the pool itself: what the server's sessions say is another test's. */
function sentences(health: Health, code: string): readonly string[] {
  return health
    .reasons('admin')
    .filter((reason) => reason.code === code)
    .map(({ sentence }) => sentence);
}

void test('a connection that is never given back is a leak, until it is', () =>
  withPool(2, (pool) =>
    withExplained(pool, {}, async (health) => {
      const client = await pool.connect();
      await waitFor('the leak', () => codes(health).includes('CONNECTION_LEAK'));
      match(
        sentences(health, 'CONNECTION_LEAK')[0] ?? '',
        /^1 of 2 connections is checked out and runs no statement, the longest for \d+ s$/,
      );
      deepEqual(health.reasons('public'), []);
      client.release();
      await waitFor('its end', () => codes(health).length === 0);
    }),
  ));

void test('what was checked out before anybody looked is held at least since then', () =>
  withPool(3, async (pool) => {
    const leaked = await pool.connect();
    (await pool.connect()).release();
    const connecting = pool.connect();
    await withExplained(pool, { holderAfterMs: 200 }, async (health) => {
      (await connecting).release();
      await waitFor('the leak', () => codes(health).includes('CONNECTION_LEAK'));
      match(sentences(health, 'CONNECTION_LEAK')[0] ?? '', /^1 of 3 connections /);
      leaked.release();
      await waitFor('its end', () => codes(health).length === 0);
    });
  }));

void test('one that works, however long, is none, and neither is a pool that is used all the time', () =>
  withPool(2, (pool) =>
    withExplained(pool, { holderAfterMs: 400 }, async (health) => {
      const client = await pool.connect();
      const seen = new Set<string>();
      for (let turn = 0; turn < 60; turn += 1) {
        await client.query('SELECT pg_sleep(0.01)');
        await pool.query('SELECT 1');
        await new Promise((resolve) => setTimeout(resolve, 20));
        for (const code of codes(health)) seen.add(code);
      }
      client.release();
      deepEqual([...seen], []);
    }),
  ));

interface Scene {
  readonly pool: pg.Pool;
  readonly holders: Holders;
  /** Sightings as of now, by code. */
  readonly look: () => ReadonlyMap<string, Sighting>;
  /** Asks the server for the holders' sessions. */
  readonly ask: () => Promise<void>;
  readonly say: (sessions: ServerReading['sessions'], agoMs?: number) => void;
  readonly admin: pg.Client;
}

/** Its own clock runs ahead, so that nobody waits for thresholds; what the clients do is real. */
async function withScene(work: (scene: Scene) => Promise<void>): Promise<void> {
  await withPool(6, async (pool) => {
    let aheadMs = 0;
    let said: ServerReading | undefined;
    const holders = createHolders({
      component: 'database',
      settings: { ...QUICK, holderAfterMs: 10_000 },
      pool: () => pool,
      server: () => said,
      now: () => performance.now() + aheadMs,
    });
    const admin = new pg.Client({ connectionString: server.url });
    await admin.connect();
    try {
      await work({
        pool,
        holders,
        admin,
        look() {
          aheadMs += 1_000;
          holders.latest();
          aheadMs += 11_000;
          return new Map((holders.latest()?.sightings ?? []).map((one) => [one.code, one]));
        },
        async ask() {
          const { rows: sessions } = await admin.query<ServerReading['sessions'][number]>(
            `SELECT pid, state, wait_event_type AS "waitsFor", 60000 AS "connectedMs"
             FROM pg_stat_activity WHERE pid = ANY($1)`,
            [holders.pids()],
          );
          said = { atMs: performance.now() + aheadMs, sessions };
        },
        say(sessions, agoMs = 0) {
          said = { atMs: performance.now() + aheadMs - agoMs, sessions };
        },
      });
    } finally {
      await admin.end();
      await holders.close?.();
    }
  });
}

void test('a leak, an open transaction, a slow statement and a queue for a lock are told apart in one pool', async () => {
  const owner = new pg.Client({ connectionString });
  owner.on('error', () => undefined);
  await owner.connect();
  await owner.query('CREATE TABLE t (n integer)');
  await owner.query('BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE');
  try {
    await withScene(async ({ pool, holders, look, ask, admin }) => {
      await pool.connect();
      const open = await pool.connect();
      await open.query('BEGIN');
      await open.query('SELECT 1');
      const outcomes = [
        pool.query('SELECT pg_sleep(60)'),
        ...Array.from({ length: 3 }, () => pool.query('SELECT * FROM t')),
        pool.connect(),
      ].map((one) => Promise.resolve(one).catch(() => undefined));
      await waitFor('all to be under way', async () => {
        const { rows } = await admin.query<{ n: number }>(
          "SELECT count(*)::int AS n FROM pg_stat_activity WHERE state = 'active' AND wait_event_type IN ('Lock', 'Timeout')",
        );
        return rows[0]?.n === 4 && pool.waitingCount === 1;
      });

      const seen = look();
      deepEqual([...seen.keys()], ['CONNECTION_LEAK', 'TRANSACTION_LEFT_OPEN', 'STATEMENTS_SLOW']);
      for (const [code, count] of [
        ['CONNECTION_LEAK', 1],
        ['TRANSACTION_LEFT_OPEN', 1],
        // Without the server's word a wait for a lock is a statement that runs.
        ['STATEMENTS_SLOW', 4],
      ] as const) {
        const figures = seen.get(code)?.figures;
        equal(figures?.['connections'], count, code);
        equal(figures['size'], 6);
        equal(figures['waiting'], 1);
        ok(Number(figures['longest_ms']) >= 10_000);
      }
      equal(seen.get('STATEMENTS_SLOW')?.figures['waiting_for_lock'], null);

      equal(holders.pids().length, 6);
      await ask();
      const joined = look();
      equal(joined.get('STATEMENTS_SLOW')?.figures['connections'], 1);
      equal(joined.get('STATEMENTS_SLOW')?.figures['waiting_for_lock'], 3);
      deepEqual([...joined.keys()], ['CONNECTION_LEAK', 'TRANSACTION_LEFT_OPEN', 'STATEMENTS_SLOW']);
      void outcomes;
    });
  } finally {
    await owner.end();
  }
});

void test('the server is believed only of a session that began before the checkout, and only for what it saw', async () => {
  await withScene(async ({ pool, holders, look, say, admin }) => {
    const sleeping = Promise.resolve(pool.query('SELECT pg_sleep(60)')).catch(() => undefined);
    await waitFor('it to run', async () => {
      const { rows } = await admin.query(
        "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Timeout' AND query LIKE 'SELECT pg_sleep%'",
      );
      return rows.length === 1;
    });
    look();
    const [pid = 0] = holders.pids();
    const session = { pid, state: 'active', waitsFor: 'Lock' };
    const waiting = (): unknown => look().get('STATEMENTS_SLOW')?.figures['waiting_for_lock'];
    say([{ ...session, connectedMs: 1_000 }]);
    equal(waiting(), null, 'another session, which began after the checkout');
    say([{ ...session, connectedMs: null }]);
    equal(waiting(), null, 'one whose begin is hidden');
    say([{ ...session, connectedMs: 600_000 }], 60_000);
    equal(waiting(), null, 'before this statement');
    say([{ ...session, connectedMs: 600_000 }]);
    deepEqual([...look().keys()], [], 'this one, which waits for a lock');
    void sleeping;
  });
});

void test('who took it, and where: by promise and callback, of new, idle and queued connections', () =>
  withPool(1, async (pool) => {
    const route = new AsyncLocalStorage<string>();
    await withExplained(
      pool,
      { sites: true, describe: () => route.getStore(), holderAfterMs: 300 },
      async (health) => {
        const leak = async (name: string): Promise<pg.PoolClient> => route.run(name, () => pool.connect());
        async function expectLeakOf(name: string): Promise<void> {
          const taken = new RegExp(
            `, taken by ${name}, taken at (\\w+ )?(holders/)?holders\\.test\\.\\w+:\\d+$`,
          );
          await waitFor(`the leak of ${name}`, () =>
            taken.test(sentences(health, 'CONNECTION_LEAK')[0] ?? ''),
          );
        }
        const first = await leak('GET /new');
        await expectLeakOf('GET /new');
        // The next one waits, and gets it in the context of whoever gives it back.
        const second = leak('GET /queued');
        route.run('GET /other', () => first.release());
        await expectLeakOf('GET /queued');
        (await second).release();
        const third = await new Promise<pg.PoolClient>((resolve, reject) => {
          route.run('job /idle', function takeByCallback() {
            pool.connect((error, client) => (client ? resolve(client) : reject(error ?? new Error('none'))));
          });
        });
        await expectLeakOf('job /idle');
        third.release();
        await waitFor('nobody', () => codes(health).length === 0);
      },
    );
    equal(Object.hasOwn(pool, 'connect'), false, 'its own method is back');
    equal(pool.listenerCount('acquire'), 0);
    equal(pool.listenerCount('release'), 0);
    equal(pool.listenerCount('remove'), 0);
  }));

void test('a statement through pool.query has its label too, and a failure its stack and its right to be unhandled', () =>
  withPool(1, (pool) =>
    withExplained(pool, { describe: () => 'GET /report', holderAfterMs: 200 }, async (health) => {
      const sleeping = Promise.resolve(pool.query('SELECT pg_sleep(60)')).catch(() => undefined);
      await waitFor('the statement', () => codes(health).includes('STATEMENTS_SLOW'));
      match(sentences(health, 'STATEMENTS_SLOW')[0] ?? '', /, taken by GET \/report$/);
      void sleeping;
      const broken = new pg.Pool({ connectionString: 'postgres://nobody@127.0.0.1:1/none' });
      await broken.connect().then(
        () => ok(false),
        (error: unknown) => equal((error as { code?: string }).code, 'ECONNREFUSED'),
      );
      await broken.end();
    }),
  ));

void test('with times alone no method of the pool is replaced', () =>
  withPool(1, (pool) =>
    withExplained(pool, {}, async () => {
      deepEqual(
        Object.getOwnPropertyNames(pool).filter((name) => ['connect', 'query', 'end'].includes(name)),
        [],
      );
    }),
  ));
