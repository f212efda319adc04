/**
 * Reasons of a database where it is not as in the tests of the library: behind PgBouncer, on Debian's Postgres 15, at the pace
 * that is the default, and with a name that is made to be shown.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import { createHealth, type DatabaseExplainOptions, type Health } from 'portal-health';
import {
  startDebianPostgres,
  startPgBouncer,
  startPostgres,
  waitFor,
  type DebianPostgres,
  type PostgresServer,
} from 'portal-test-kit';

/** Whether a busy machine is slow is no question here. */
const PATIENT = { slowMs: 60_000, deadlineMs: 5_000 };
const FAST = { everyMs: 200, whileTroubledMs: 100, hourly: true };

async function withHealth(
  url: string,
  explain: true | DatabaseExplainOptions,
  work: (health: Health) => Promise<void>,
): Promise<void> {
  const pool = new pg.Pool({ connectionString: url, max: 2 });
  pool.on('error', () => undefined);
  const pace = explain === true ? {} : { intervalMs: 100 };
  const health = createHealth({ database: { pool, ...PATIENT, ...pace, explain } });
  try {
    await health.start();
    await work(health);
  } finally {
    await Promise.all([health.close(), pool.end()]);
  }
}

const sentences = (health: Health): string =>
  health
    .reasons('admin')
    .map(({ sentence }) => sentence)
    .join('\n');

/** One that has read `t` and does nothing, one that wants to change it, and one behind them. Returns what ends it. */
async function lockQueue(url: string, head = 'report-worker'): Promise<() => Promise<void>> {
  const open = async (application: string): Promise<pg.Client> => {
    const client = new pg.Client({ connectionString: url, application_name: application });
    await client.connect();
    return client;
  };
  const [worker, migration, web] = [await open(head), await open('migration'), await open('web')];
  await worker.query('CREATE TABLE IF NOT EXISTS t (id int)');
  await worker.query('BEGIN; SELECT FROM t');
  const waiting = [migration.query('ALTER TABLE t ADD x int')];
  const isQueued = async (count: number): Promise<boolean> =>
    (await worker.query('SELECT FROM pg_locks WHERE NOT granted')).rowCount === count;
  await waitFor('the migration to wait', () => isQueued(1));
  waiting.push(web.query('SELECT FROM t'));
  await waitFor('the queue', () => isQueued(2));
  return async () => {
    await worker.query('ROLLBACK');
    await Promise.all(waiting);
    await migration.query('ALTER TABLE t DROP x');
    await Promise.all([worker, migration, web].map((client) => client.end()));
  };
}

const QUEUE =
  /^2 sessions wait for a lock, the longest for .*; at the head is a session of application "report-worker" that has done nothing in an open transaction/;

describe('on the embedded Postgres', () => {
  let server: PostgresServer;
  let url: string;

  before(async () => {
    server = await startPostgres();
    url = await server.createDatabase();
  });

  after(() => server.close());

  test('at the default pace a queue is said, and after its end no more', async () => {
    await withHealth(url, true, async (health) => {
      assert.equal(sentences(health), '');
      const end = await lockQueue(url);
      // How soon is measured by the matrix: on a busy machine the server may end the question twice, which is silence for a minute.
      const limits = { timeoutMs: 180_000, everyMs: 200 };
      await waitFor('the reason', () => QUEUE.test(sentences(health)), limits);
      await end();
      await waitFor('its end', () => sentences(health) === '', limits);
    });
  });

  test('a name that is made to be shown is not, whoever asks', async () => {
    const end = await lockQueue(url, '<!channel> a\nb é');
    await withHealth(url, FAST, async (health) => {
      await waitFor('the reason', () => sentences(health).includes('a name that cannot be shown'));
      const told = JSON.stringify(health.reasons('admin'));
      for (const piece of ['<!channel>', 'a?b', 'é']) assert.ok(!told.includes(piece), told);
    });
    await end();
  });

  test('behind PgBouncer, who holds the pool: told apart as far as the pooler lets anybody know', async () => {
    const pooler = await startPgBouncer({ url, mode: 'transaction', settings: { default_pool_size: 10 } });
    const pool = new pg.Pool({ connectionString: pooler.through(url), max: 5 });
    pool.on('error', () => undefined);
    const explain = { ...FAST, holderAfterMs: 2_000 };
    const health = createHealth({ database: { pool, ...PATIENT, intervalMs: 100, explain } });
    const said = (code: string): string =>
      health.reasons('admin').find((reason) => reason.code === code)?.sentence ?? '';
    try {
      await health.start();
      const end = await lockQueue(url);
      const [leaked, open, slow] = [await pool.connect(), await pool.connect(), await pool.connect()];
      await open.query('BEGIN; SELECT 1');
      const sleeping = slow.query('SELECT pg_sleep(600)').catch(() => undefined);
      const readers = [pool.query('SELECT FROM t'), pool.query('SELECT FROM t')];
      await waitFor('all four', () =>
        [
          /^4 sessions wait for a lock, .* application "report-worker" that has done nothing/.test(
            said('LOCK_QUEUE'),
          ),
          said('CONNECTION_LEAK').startsWith('1 of 5 connections is checked out and runs no statement,'),
          said('TRANSACTION_LEFT_OPEN').startsWith('1 connection of this application does nothing in an'),
          // Which of the pooler's sessions is whose nobody knows: nothing is guessed about locks.
          /^3 connections run a statement for more than 1 s, the longest for \d+ (ms|s)$/.test(
            said('STATEMENTS_SLOW'),
          ),
        ].every(Boolean),
      );
      await end();
      await Promise.all(readers);
      await server.query(
        `SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(600)'`,
      );
      await sleeping;
      await open.query('COMMIT');
      for (const client of [leaked, open, slow]) client.release();
      await waitFor('the end of all', () => sentences(health) === '');
    } finally {
      await Promise.all([health.close(), pool.end()]);
      await pooler.close();
    }
  });

  for (const mode of ['transaction', 'statement'] as const) {
    test(`behind PgBouncer, ${mode}: the same, and nothing is left to the next client`, async () => {
      const pooler = await startPgBouncer({ url, mode, settings: { default_pool_size: 2 } });
      const through = new pg.Pool({ connectionString: pooler.through(url), max: 3 });
      try {
        await withHealth(pooler.through(url), FAST, async (health) => {
          const end = await lockQueue(url);
          await waitFor('the reason', () => QUEUE.test(sentences(health)));
          for (let client = 0; client < 50; client += 1) {
            const { rows } = await through.query<{ statement: string; lock: string }>(
              `SELECT current_setting('statement_timeout') AS statement, current_setting('lock_timeout') AS lock`,
            );
            assert.deepEqual(rows, [{ statement: '0', lock: '0' }]);
          }
          await end();
          await waitFor('its end', () => sentences(health) === '');
        });
        await waitFor('no lock of ours', async () => {
          const locks = await server.query(`SELECT FROM pg_locks WHERE locktype = 'advisory'`);
          return locks.length === 0;
        });
      } finally {
        await through.end();
        await pooler.close();
      }
    });
  }
});

describe("on Debian's Postgres 15", () => {
  let server: DebianPostgres;

  before(async () => {
    server = await startDebianPostgres(15);
    const owner = new pg.Client({ connectionString: server.url });
    await owner.connect();
    const login = "LOGIN PASSWORD 'test-kit'";
    await owner.query(
      `CREATE ROLE plain ${login}; CREATE ROLE watcher ${login} IN ROLE pg_monitor; CREATE TABLE t (id int); GRANT ALL ON t TO plain`,
    );
    await owner.end();
  });

  after(() => server.close());

  const as = (role: string): string => Object.assign(new URL(server.url), { username: role }).href;

  test('pg_monitor sees the queue and what its head does, once an hour too nothing more', async () => {
    const end = await lockQueue(server.url);
    await withHealth(as('watcher'), FAST, async (health) => {
      await waitFor('the reason', () => QUEUE.test(sentences(health)));
      assert.equal(health.reasons('admin').length, 1);
    });
    await end();
  });

  test('a plain role whose session waits sees the same head, and says that the rest is hidden', async () => {
    const end = await lockQueue(server.url);
    const own = new pg.Client({ connectionString: as('plain') });
    await own.connect();
    const waits = own.query('SELECT FROM t');
    await withHealth(as('plain'), FAST, async (health) => {
      await waitFor('the reason', () =>
        /^3 sessions .* application "report-worker"; what it does is hidden/.test(sentences(health)),
      );
    });
    await end();
    await waits;
    await own.end();
  });
});
