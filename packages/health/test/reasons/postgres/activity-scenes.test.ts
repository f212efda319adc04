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
import { connectionLike } from '../../../src/probes/postgres/postgres-connections.js';
import type { FreshPostgresConnection } from '../../../src/probes/postgres/fresh-postgres-connection.js';
import { transactionOf } from '../../../src/reasons/postgres/activity-question.js';
import { createHourlyWatch } from '../../../src/reasons/postgres/hourly-watch.js';
import type { Sighting } from '../../../src/reasons/sighting.js';
import { runProbe } from '../../probes/run-probe.js';
import { createSessions, type Sessions } from './sessions.js';

let server: PostgresServer;
let database: string;
let scene: Sessions;

before(async () => {
  server = await startPostgres({
    settings: { max_connections: 60, max_prepared_transactions: 2 },
  });
  database = await server.createDatabase();
  scene = await createSessions(server, database);
});

after(async () => {
  await scene.close();
  await server.close();
});

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
  return look({ pool: new pg.Pool({ connectionString: scene.urlOf(role) }) }, options);
}

function codesOf(sightings: readonly Sighting[]): string {
  return sightings.map(({ code }) => code).join(' ');
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
    end = await scene.lockQueue(13);
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
  const first = await scene.as('app', 'first');
  await first.query("BEGIN; UPDATE t SET id = 2; PREPARE TRANSACTION 'secret gid'");
  const second = await scene.as('app', 'second');
  const waiting = second.query('UPDATE t SET id = 3');
  await waitFor('the second to wait', () => scene.waiters(1));
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
    greedy.push(await scene.as('worker', 'greedy'));
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
  const seldom = { ...QUIET, everyMs: 60_000, whileTroubledMs: 60_000 };
  // The server may still be ending a session of the test before.
  await waitFor('the turn to be free', async () => {
    const locks = await server.query(`SELECT FROM pg_locks WHERE locktype = 'advisory'`);
    return locks.length === 0;
  });
  const instances = Array.from({ length: 8 }, () => {
    const watch = createActivityWatch(seldom);
    const pool = new pg.Pool({ connectionString: database });
    let taken: Promise<void> = Promise.resolve();
    const take = (connection: FreshPostgresConnection): Promise<void> => (taken = watch.take(connection));
    const probe = createPostgresProbe({ pool, followUp: { isDue: watch.isDue, take } });
    return { watch, probe, taken: () => taken };
  });
  await Promise.all(instances.map(({ probe }) => runProbe(probe)));
  await Promise.all(instances.map(({ taken }) => taken()));
  assert.equal(instances.filter(({ watch }) => watch.latest()).length, 1);
  await Promise.all(instances.map(({ watch }) => watch.close()));
});

/** What one hourly question, asked over a probe's connection, has found. */
async function hourlyAs(role: string): Promise<string> {
  const watch = createHourlyWatch({ component: 'database' });
  let taken: Promise<void> = Promise.resolve();
  const pool = new pg.Pool({ connectionString: scene.urlOf(role) });
  const followUp = { isDue: watch.isDue, take: (one: FreshPostgresConnection) => (taken = watch.take(one)) };
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
    const owner = await scene.as('app', 'owner');
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
    await scene.close();
    await server.restartStandby();
    assert.equal(await hourlyAs('app'), '');
    assert.deepEqual(await lookAs('app'), []);
    await server.restart();
  });
});

test('what takes too long is ended by the server, and nothing of it is left on the connection', async () => {
  for (const driver of ['pg', 'postgres.js']) {
    const pool = driver === 'pg' ? new pg.Pool({ connectionString: database }) : postgresJs(database);
    const connection = connectionLike(pool, { postgres: postgresJs });
    assert.ok(connection);
    await assert.rejects(connection.run(transactionOf(['SELECT pg_sleep(2)'])), { code: '57014' });
    await connection.run('ROLLBACK');
    const rows = await connection.run('SHOW statement_timeout');
    assert.equal(JSON.stringify(rows), '[{"statement_timeout":"0"}]');
    connection.end();
  }
});

test('whoever finds that another instance has asked, asks after sessions of its own alone', async () => {
  const seldom = { ...QUIET, everyMs: 60_000, whileTroubledMs: 60_000 };
  const own = await scene.as('app', 'own');
  const { rows } = await own.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const pid = rows[0]?.pid ?? 0;
  const first = createActivityWatch(seldom);
  const second = createActivityWatch({ ...seldom, ownPids: () => [pid, -1, 1.5, Number.NaN] });
  const pool = new pg.Pool({ connectionString: database });
  for (const watch of [first, second]) {
    const connection = connectionLike(pool, {});
    assert.ok(connection);
    await watch.take(connection);
  }
  assert.ok(first.latest());
  assert.equal(second.latest(), undefined);
  const [session, ...others] = second.sessions()?.sessions ?? [];
  assert.deepEqual([session?.pid, session?.application, session?.state, others], [pid, 'own', 'idle', []]);
  await Promise.all([first.close(), second.close()]);
});
