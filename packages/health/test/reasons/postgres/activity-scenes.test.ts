/** Who holds and who waits, on a real server, by every driver and every kind of role. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import { startPostgres, waitFor, type PostgresServer } from 'portal-test-kit';
import postgresJs from 'postgres';
import type { PostgresJsFunction } from '../../../src/probes/postgres/postgres-js.js';
import { createPostgresProbe, type PostgresPool } from '../../../src/probes/postgres/postgres.js';
import {
  createActivityWatch,
  type ActivityWatchOptions,
} from '../../../src/reasons/postgres/activity-watch.js';
import type { AskedConnection, FollowUp } from '../../../src/reasons/postgres/ask-once.js';
import { createHourlyWatch } from '../../../src/reasons/postgres/hourly-watch.js';
import type { Sighting } from '../../../src/reasons/sighting.js';
import { runProbe } from '../../probes/run-probe.js';

let server: PostgresServer;
let database: string;
const clients: pg.Client[] = [];

before(async () => {
  server = await startPostgres({
    settings: { max_connections: 60, max_prepared_transactions: 2 },
  });
  database = await server.createDatabase();
  const login = `LOGIN PASSWORD 'test-kit'`;
  await server.query(`
    CREATE ROLE worker ${login};
    CREATE ROLE migr ${login} IN ROLE app;
    CREATE ROLE member ${login} IN ROLE app, migr;
    CREATE ROLE watcher ${login} IN ROLE pg_monitor;
    CREATE ROLE stranger ${login};
  `);
  const owner = await as('app', 'setup');
  await owner.query('CREATE TABLE t (id int); INSERT INTO t VALUES (1); GRANT ALL ON t TO PUBLIC');
});

after(async () => {
  await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
  await server.close();
});

function urlOf(role: string): string {
  const url = new URL(database);
  url.username = role;
  return url.href;
}

/** A client that says who it is, ended with the file. */
async function as(role: string, application: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: urlOf(role), application_name: application });
  client.on('error', () => undefined);
  clients.push(client);
  await client.connect();
  return client;
}

interface Driver {
  readonly pool: PostgresPool;
  readonly postgres?: PostgresJsFunction;
}

const QUIET = { component: 'database', everyMs: 1, whileTroubledMs: 1, isTroubled: () => false };

/** Probe runs until the question behind one of them is answered: another instance may have asked a moment ago. */
async function look(
  driver: Driver,
  options: Partial<ActivityWatchOptions> = {},
): Promise<readonly Sighting[]> {
  const watch = createActivityWatch({ ...QUIET, ...options });
  let taken: Promise<void> = Promise.resolve();
  const probe = createPostgresProbe({
    ...driver,
    followUp: { isDue: watch.isDue, take: (connection) => (taken = watch.take(connection)) },
  });
  try {
    await waitFor('an answer', async () => {
      const { state, cause } = await runProbe(probe);
      assert.equal(state, 'up', cause?.message);
      await taken;
      return watch.latest() !== undefined;
    });
    return watch.latest()?.sightings ?? [];
  } finally {
    await Promise.all([watch.close(), probe.close?.()]);
  }
}

/** What a role sees; its pool never connects. */
function lookAs(role: string, options?: Partial<ActivityWatchOptions>): Promise<readonly Sighting[]> {
  return look({ pool: new pg.Pool({ connectionString: urlOf(role) }) }, options);
}

function codesOf(sightings: readonly Sighting[]): string {
  return sightings.map(({ code }) => code).join(' ');
}

/** A read of `t` behind an ALTER that waits for a worker that only looks on, and nothing else of the kind. */
async function lockQueue(readers: number): Promise<() => Promise<void>> {
  const worker = await as('worker', 'report-worker');
  await worker.query('BEGIN; SELECT FROM t');
  const migration = await as('migr', 'migration');
  const waiting = [migration.query('ALTER TABLE t ADD x int')];
  await waitFor('the migration to wait', () => waiters(1));
  for (let reader = 0; reader < readers; reader += 1) {
    waiting.push((await as('app', 'web')).query('SELECT FROM t'));
  }
  await waitFor('the queue', () => waiters(readers + 1));
  return async () => {
    await worker.query('ROLLBACK');
    await Promise.all(waiting);
    await migration.query('ALTER TABLE t DROP x');
  };
}

async function waiters(count: number): Promise<boolean> {
  const [row] = await server.query(`SELECT count(*)::int AS n FROM pg_locks WHERE NOT granted`);
  return row?.['n'] === count;
}

test('all is well: nothing is seen, by either driver', async () => {
  assert.deepEqual(await lookAs('app'), []);
  const sql = postgresJs(database);
  assert.deepEqual(await look({ pool: sql, postgres: postgresJs }), []);
  await sql.end();
});

describe('a queue for a lock', () => {
  let end: () => Promise<void>;

  before(async () => {
    end = await lockQueue(13);
  });

  after(() => end());

  test('pg_monitor sees 14 in the queue, its head, and what that does', async () => {
    const [queue, ...others] = await lookAs('watcher');
    assert.deepEqual(codesOf(others), '');
    assert.equal(queue?.code, 'LOCK_QUEUE');
    const { sessions, at_least, heads, head_state, head_ms, longest_ms } = queue.figures;
    assert.deepEqual(
      { sessions, at_least, heads, head_state },
      { sessions: 14, at_least: 0, heads: 1, head_state: 'idle in transaction' },
    );
    assert.ok(typeof head_ms === 'number' && typeof longest_ms === 'number' && longest_ms <= head_ms);
    assert.deepEqual(queue.names, { application: 'report-worker', role: 'worker' });
  });

  for (const role of ['app', 'member']) {
    test(`${role}, which sees the readers and not the worker: the same head, what it does hidden and no number`, async () => {
      const [queue] = await lookAs(role);
      assert.deepEqual(queue?.names, { application: 'report-worker', role: 'worker' });
      const { sessions, head_state, head_ms } = queue?.figures ?? {};
      assert.deepEqual({ sessions, head_state, head_ms }, { sessions: 14, head_state: null, head_ms: null });
    });
  }

  test('a role that sees none of them sees no queue', async () => {
    assert.equal(codesOf(await lookAs('stranger')), '');
  });
});

test('an unfinished prepared transaction is at the head, and says since when it holds locks', async () => {
  const first = await as('app', 'first');
  await first.query("BEGIN; UPDATE t SET id = 2; PREPARE TRANSACTION 'secret gid'");
  const second = await as('app', 'second');
  const waiting = second.query('UPDATE t SET id = 3');
  await waitFor('the second to wait', () => waiters(1));
  await waitFor('a second of it', async () => codesOf(await lookAs('app')) === 'LOCK_QUEUE');
  const [queue] = await lookAs('app');
  assert.deepEqual([queue?.figures['head_state'], queue?.names], ['prepared', {}]);
  assert.equal(typeof queue?.figures['head_ms'], 'number');
  assert.ok(!JSON.stringify(queue).includes('secret'));
  await first.query("ROLLBACK PREPARED 'secret gid'");
  await waiting;
});

test('most connections in use: who has them, and how many', async () => {
  const greedy: pg.Client[] = [];
  while ((await server.query('SELECT count(*)::int AS n FROM pg_stat_activity'))[0]?.['n'] !== 56) {
    greedy.push(await as('worker', 'greedy'));
  }
  const [full, ...others] = await lookAs('app');
  assert.equal(codesOf(others), '');
  const { used, max, reserved, largest, level } = full?.figures ?? {};
  assert.equal(full?.code, 'CONNECTIONS_EXHAUSTED');
  assert.deepEqual(
    { max, reserved, largest, level },
    { max: 60, reserved: 3, largest: greedy.length, level: undefined },
  );
  assert.ok(Number(used) >= 48 && Number(used) <= 60);
  assert.deepEqual(full?.names, { application: 'greedy', role: 'worker' });
  await Promise.all(greedy.map((client) => client.end()));
});

test('of many instances that are due at one moment one asks, the others do without', async () => {
  const instances = Array.from({ length: 8 }, () => {
    const watch = createActivityWatch(QUIET);
    const pool = new pg.Pool({ connectionString: database });
    const taken: Promise<void>[] = [];
    const take: FollowUp['take'] = (connection) => {
      taken.push(watch.take(connection));
      return Promise.resolve();
    };
    return { watch, taken, probe: createPostgresProbe({ pool, followUp: { isDue: watch.isDue, take } }) };
  });
  try {
    await waitFor('one that asks', async () => {
      await Promise.all(instances.map(({ probe }) => runProbe(probe)));
      await Promise.all(instances.flatMap(({ taken }) => taken));
      const asked = instances.filter(({ watch }) => watch.latest()).length;
      assert.ok(asked <= 1, `${asked} asked within two seconds`);
      return asked === 1;
    });
  } finally {
    await Promise.all(instances.map(({ watch }) => watch.close()));
  }
});

/** What one hourly question, asked over a probe's connection, has found. */
async function hourlyAs(role: string): Promise<string> {
  const watch = createHourlyWatch({ component: 'database' });
  let taken: Promise<void> = Promise.resolve();
  const pool = new pg.Pool({ connectionString: urlOf(role) });
  const followUp = { isDue: watch.isDue, take: (one: AskedConnection) => (taken = watch.take(one)) };
  const { state, cause } = await runProbe(createPostgresProbe({ pool, followUp }));
  assert.equal(state, 'up', cause?.message);
  await taken;
  const seen = watch.latest();
  assert.ok(seen, 'the question was answered');
  assert.equal(watch.isDue(), false);
  return codesOf(seen.sightings);
}

describe('once an hour', () => {
  test('a server that is well has nothing to say, whoever asks', async () => {
    assert.equal(await hourlyAs('app'), '');
    assert.equal(await hourlyAs('watcher'), '');
  });

  test('a sequence that ends, an invalid index', async () => {
    const owner = await as('app', 'owner');
    await owner.query(`
      CREATE SEQUENCE short AS smallint;
      SELECT setval('short', 30000);
      CREATE TABLE twice (id int);
      INSERT INTO twice VALUES (1), (1)`);
    await owner.query('CREATE UNIQUE INDEX CONCURRENTLY once ON twice (id)').catch(() => undefined);
    assert.equal(await hourlyAs('app'), 'SEQUENCE_ENDS INVALID_INDEX');
    await owner.query('DROP SEQUENCE short; DROP TABLE twice');
  });

  test('on a hot standby too, and who waits there', async () => {
    await Promise.all(clients.splice(0).map((client) => client.end()));
    await server.restartStandby();
    assert.equal(await hourlyAs('app'), '');
    assert.deepEqual(await lookAs('app'), []);
    await server.restart();
  });
});
