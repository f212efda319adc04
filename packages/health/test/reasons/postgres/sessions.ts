/** Roles and sessions for scenes of who holds and who waits. */
import pg from 'pg';
import { waitFor, type PostgresServer } from 'portal-test-kit';

export interface Sessions {
  /** The database as a role: `app`, which owns it, `worker`, `migr`, `member` of both `app` and `migr`, `watcher` with
   * `pg_monitor`, or `stranger`. */
  urlOf(role: string): string;
  /** A client that says who it is. */
  as(role: string, application: string): Promise<pg.Client>;
  /**
   * A migration that waits for a worker which has done nothing since it read `t`, and readers behind it. Returns what ends
   * it.
   */
  lockQueue(readers: number): Promise<() => Promise<void>>;
  /** Whether so many sessions wait for a lock. */
  waiters(count: number): Promise<boolean>;
  /** Ends every client. */
  close(): Promise<void>;
}

export async function createSessions(server: PostgresServer, database: string): Promise<Sessions> {
  const clients: pg.Client[] = [];
  const login = `LOGIN PASSWORD 'test-kit'`;
  await server.query(`
    CREATE ROLE worker ${login};
    CREATE ROLE migr ${login} IN ROLE app;
    CREATE ROLE member ${login} IN ROLE app, migr;
    CREATE ROLE watcher ${login} IN ROLE pg_monitor;
    CREATE ROLE stranger ${login};
  `);

  function urlOf(role: string): string {
    const url = new URL(database);
    url.username = role;
    return url.href;
  }

  async function as(role: string, application: string): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: urlOf(role), application_name: application });
    client.on('error', () => undefined);
    await client.connect();
    clients.push(client);
    return client;
  }

  async function waiters(count: number): Promise<boolean> {
    const [row] = await server.query(`SELECT count(*)::int AS n FROM pg_locks WHERE NOT granted`);
    return row?.['n'] === count;
  }

  const owner = await as('app', 'setup');
  await owner.query('CREATE TABLE t (id int); INSERT INTO t VALUES (1); GRANT ALL ON t TO PUBLIC');

  return {
    urlOf,
    as,
    waiters,
    async lockQueue(readers) {
      const worker = await as('worker', 'report-worker');
      await worker.query('BEGIN; SELECT FROM t');
      const migration = await as('migr', 'migration');
      const waiting = [migration.query('ALTER TABLE t ADD x int')];
      await waitFor('the migration to wait', () => waiters(1));
      const web = await Promise.all(Array.from({ length: readers }, () => as('app', 'web')));
      waiting.push(...web.map((client) => client.query('SELECT FROM t')));
      await waitFor('the queue', () => waiters(readers + 1));
      return async () => {
        await worker.query('ROLLBACK');
        await Promise.all(waiting);
        await migration.query('ALTER TABLE t DROP x');
        await Promise.all([worker, migration, ...web].map((client) => client.end()));
      };
    },
    async close() {
      await Promise.all(clients.splice(0).map((client) => client.end().catch(() => undefined)));
    },
  };
}
