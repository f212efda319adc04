/** Sessions of other applications at the database of a scenario, for who holds and who waits. */
import pg from 'pg';
import { waitFor } from 'portal-test-kit';
import { databaseUrl, type Fixture } from '../fixture.js';
import { PLANTED_SECRETS } from '../planted-secrets.js';
import { TABLE } from './table.js';

type Servers = Pick<Fixture, 'postgres'>;

/** Of other applications: neither can see the other's work, nor ours. */
const ROLES = { worker: 'worker', migration: 'migration' } as const;
const HEAD = 'report-worker';
/** Control characters PostgreSQL itself replaces; markup and mentions it keeps. */
export const HOSTILE_NAME = `<!channel> ${PLANTED_SECRETS.application}\n*b* é`;
const PASSWORD = 'of-others';

/** Opens a session that says who it is; `app` is the role of the applications under test. */
async function openAs(
  { postgres }: Servers,
  role: 'app' | keyof typeof ROLES,
  application: string,
): Promise<pg.Client> {
  const url = new URL(databaseUrl({ host: '127.0.0.1', port: postgres.port }));
  if (role !== 'app') Object.assign(url, { username: ROLES[role], password: PASSWORD });
  const client = new pg.Client({ connectionString: url.href, application_name: application });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** The roles of the others, and a table that everybody reads. */
async function prepare({ postgres }: Servers): Promise<void> {
  const url = new URL(postgres.url);
  url.pathname = `/${PLANTED_SECRETS.databaseName}`;
  const owner = new pg.Client({ connectionString: url.href });
  await owner.connect();
  try {
    await owner.query(`DO $$ BEGIN
      IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${ROLES.worker}') THEN
        CREATE ROLE ${ROLES.worker} LOGIN PASSWORD '${PASSWORD}';
        CREATE ROLE ${ROLES.migration} LOGIN PASSWORD '${PASSWORD}';
        CREATE TABLE ${TABLE} (id int);
        INSERT INTO ${TABLE} VALUES (1);
        ALTER TABLE ${TABLE} OWNER TO ${ROLES.migration};
        GRANT ALL ON ${TABLE} TO PUBLIC;
      END IF;
    END $$`);
  } finally {
    await owner.end();
  }
}

async function untilWaiting({ postgres }: Servers, least: number): Promise<void> {
  await waitFor(`${least} sessions to wait for a lock`, async () => {
    const [row] = await postgres.query('SELECT count(*)::int AS n FROM pg_locks WHERE NOT granted');
    return Number(row?.['n']) >= least;
  });
}

function endAll(clients: readonly pg.Client[]): Promise<unknown> {
  return Promise.all(clients.map((client) => client.end().catch(() => undefined)));
}

/**
 * A worker that has read the table and does nothing, a migration that waits for it, and `readers` behind that. Returns what
 * ends it.
 *
 * @param head - what the worker calls its application
 */
export async function lockQueue(
  servers: Servers,
  readers: number,
  head = HEAD,
): Promise<() => Promise<void>> {
  await prepare(servers);
  const worker = await openAs(servers, 'worker', head);
  await worker.query(`BEGIN; SELECT FROM ${TABLE}`);
  const migration = await openAs(servers, 'migration', 'migration');
  const waiting: Promise<unknown>[] = [
    migration.query(`ALTER TABLE ${TABLE} ADD COLUMN IF NOT EXISTS x int`).catch(() => undefined),
  ];
  await untilWaiting(servers, 1);
  const clients = [worker, migration];
  for (let reader = 0; reader < readers; reader += 1) {
    const client = await openAs(servers, 'app', 'web');
    clients.push(client);
    waiting.push(client.query(`SELECT FROM ${TABLE}`).catch(() => undefined));
  }
  await untilWaiting(servers, readers + 1);
  return async () => {
    await worker.query('ROLLBACK');
    await Promise.all(waiting);
    await endAll(clients);
  };
}

/** As a role that sees what migrations do, and nothing of the worker. Returns what ends that. */
export async function asMigration(servers: Servers): Promise<() => Promise<unknown>> {
  await prepare(servers);
  const { postgres } = servers;
  await postgres.query(`GRANT ${ROLES.migration} TO ${PLANTED_SECRETS.databaseUser}`);
  return () => postgres.query(`REVOKE ${ROLES.migration} FROM ${PLANTED_SECRETS.databaseUser}`);
}

/** A transaction that was prepared and forgotten, and one that waits for it. Returns what ends it. */
export async function forgottenPrepared(servers: Servers): Promise<() => Promise<void>> {
  await prepare(servers);
  const [first, second] = [await openAs(servers, 'app', 'first'), await openAs(servers, 'app', 'second')];
  await first.query(`CREATE TABLE IF NOT EXISTS prepared_rows AS SELECT 1 AS id`);
  await first.query(`BEGIN; UPDATE prepared_rows SET id = 2; PREPARE TRANSACTION 'forgotten'`);
  const waiting = second.query('UPDATE prepared_rows SET id = 3').catch(() => undefined);
  await untilWaiting(servers, 1);
  return async () => {
    await first.query(`ROLLBACK PREPARED 'forgotten'`);
    await waiting;
    await endAll([first, second]);
  };
}

/** Connections of one application: so many, or until the server refuses the next. Returns what ends them. */
export async function greedyConnections(
  servers: Servers,
  most = Number.POSITIVE_INFINITY,
): Promise<() => Promise<unknown>> {
  await prepare(servers);
  const clients: pg.Client[] = [];
  let refusals = 0;
  // A place may become free a moment later: full is only what has been full for a while.
  while (clients.length < most && refusals < 5) {
    try {
      clients.push(await openAs(servers, 'worker', 'greedy'));
      refusals = 0;
    } catch (error) {
      if ((error as { code?: string }).code !== '53300') throw error;
      refusals += 1;
    }
  }
  return () => endAll(clients);
}
