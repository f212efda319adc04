/**
 * What `portal doctor` says of a database in each scene that it can reach: the cause, and the worst in its exit code. Of a disk that is
 * full see full-disk.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import pg from 'pg';
import {
  makeCertificate,
  startPgBouncer,
  startPostgres,
  waitFor,
  type PostgresServer,
} from 'portal-test-kit';
import { networkScene, testDoctorScenes, type DoctorScene, type Urls } from './doctor-scene.js';

let postgres: PostgresServer;
let database: string;
let folder: string;

before(async () => {
  postgres = await startPostgres({ settings: { max_connections: 20, max_prepared_transactions: 4 } });
  database = await postgres.createDatabase();
  folder = await mkdtemp(join(tmpdir(), 'portal-doctor-'));
});

after(async () => {
  await postgres.close();
  await rm(folder, { recursive: true, force: true });
});

function databaseAt(
  parts: Partial<Pick<URL, 'password' | 'pathname' | 'hostname' | 'port' | 'search'>>,
): Urls {
  return { DATABASE_URL: Object.assign(new URL(database), parts).href };
}

/** A certificate of its own for the server of Postgres, which is asked for by TLS from then on. */
async function byTls(days: number): Promise<Urls> {
  const place = await mkdtemp(join(folder, 'certificate-'));
  const { certificate, key } = await makeCertificate(place, '127.0.0.1', { days });
  for (const [file, name] of [
    [certificate, 'server.crt'],
    [key, 'server.key'],
  ] as const) {
    const text = (await readFile(file, 'utf8')).trim().replaceAll('\n', '|');
    await postgres.query(`COPY (SELECT '${text}') TO PROGRAM 'umask 077; tr "|" "\\n" > ${name}'`);
  }
  await postgres.query('ALTER SYSTEM SET ssl = on');
  await postgres.query('SELECT pg_reload_conf()');
  await waitFor('TLS', async () => (await postgres.query('SHOW ssl'))[0]?.['ssl'] === 'on');
  return { ...databaseAt({ search: '?sslmode=verify-full' }), NODE_EXTRA_CA_CERTS: certificate };
}

async function withoutTls(): Promise<void> {
  await postgres.query('ALTER SYSTEM RESET ssl');
  await postgres.query('SELECT pg_reload_conf()');
  await waitFor('no TLS', async () => (await postgres.query('SHOW ssl'))[0]?.['ssl'] === 'off');
}

/** By way of a pooler with these settings. */
async function pooled(
  mend: (step: () => unknown) => void,
  settings: Readonly<Record<string, number>>,
  clients: readonly string[],
): Promise<Urls> {
  const pooler = await startPgBouncer({ url: database, mode: 'transaction', settings });
  mend(() => pooler.close());
  for (const sql of clients) {
    const client = new pg.Client({ connectionString: pooler.through(database) });
    client.on('error', () => undefined);
    await client.connect();
    mend(() => client.end());
    await client.query(sql);
  }
  return { DATABASE_URL: pooler.through(database) };
}

/** A session of an application at this database. */
async function open(mend: (step: () => unknown) => void, application: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: database, application_name: application });
  client.on('error', () => undefined);
  await client.connect();
  mend(() => client.end());
  return client;
}

/** Until somebody has waited for a lock for a second. */
function untilQueued(): Promise<void> {
  return waitFor('a second of waiting', async () => {
    const rows = await postgres.query(
      `SELECT FROM pg_locks WHERE waitstart < clock_timestamp() - interval '1 s'`,
    );
    return rows.length > 0;
  });
}

const WAY = {
  port: () => postgres.port,
  at: (port: string): Urls => databaseAt({ port }),
};
const TIMEOUT = /^database: down\n.*\(DATABASE_TIMEOUT\)/;
const UNREACHABLE = /^database: down\n.*\(DATABASE_UNREACHABLE, [A-Z]+\)/;

const SCENES: readonly DoctorScene[] = [
  {
    what: 'all is well',
    begin: () => databaseAt({}),
    exitCode: 0,
    says: /^database: up, .* nothing is wrong\n/,
  },
  {
    what: 'a wrong password',
    begin: () => databaseAt({ password: 'wrong' }),
    exitCode: 2,
    says: /DATABASE_REFUSED_LOGIN, 28P01\)/,
  },
  {
    what: 'a database that there is not',
    begin: () => databaseAt({ pathname: '/none' }),
    exitCode: 2,
    says: /DATABASE_REFUSED_LOGIN, 3D000\)/,
  },
  {
    what: 'a name that nobody knows',
    begin: () => databaseAt({ hostname: 'no-such-host.invalid' }),
    exitCode: 2,
    says: /NAME_LOOKUP, (ENOTFOUND|EAI_AGAIN)\)/,
  },
  {
    what: 'a port at which nobody listens',
    begin: () => databaseAt({ port: '1' }),
    exitCode: 2,
    says: /DATABASE_UNREACHABLE, ECONNREFUSED\)/,
  },
  networkScene('packets that are dropped', 'drop', TIMEOUT, {}, WAY),
  networkScene('connections that are accepted, and nothing more', 'blackhole', TIMEOUT, {}, WAY),
  networkScene('answers that do not arrive', 'half-open', TIMEOUT, {}, WAY),
  networkScene('a connection that is reset', 'reset', UNREACHABLE, {}, WAY),
  networkScene('an answer that is cut off', 'cut', UNREACHABLE, { afterBytes: 20 }, WAY),
  networkScene('one byte a second', 'trickle', TIMEOUT, {}, WAY),
  networkScene('a server of another kind', 'rubbish', /\(DATABASE_FAILED, [A-Z]+\)/, {}, WAY),
  networkScene(
    'a slow network',
    'slow',
    /^database: slow, answers in \d+\.\d ms\n.*\(DATABASE_SLOW\)/,
    { latencyMs: 200, exitCode: 1 },
    WAY,
  ),
  {
    what: 'a frozen server',
    async begin(mend) {
      await postgres.freeze();
      mend(() => postgres.thaw());
      return databaseAt({});
    },
    exitCode: 2,
    says: /^database: down\n.*\(DATABASE_TIMEOUT\)/,
  },
  {
    what: 'TLS that the server does not speak',
    begin: () => databaseAt({ search: '?sslmode=require' }),
    exitCode: 2,
    says: /DATABASE_FAILED, UNKNOWN\)\n.* TLS/,
  },
  {
    what: 'TLS that the server demands',
    async begin(mend) {
      await byTls(2);
      mend(withoutTls);
      const login = 'hostnossl all app 127.0.0.1/32 reject';
      await postgres.query(
        `COPY (SELECT '${login}') TO PROGRAM 'cat - pg_hba.conf > new && mv new pg_hba.conf'`,
      );
      mend(() => postgres.query(`COPY (SELECT 1) TO PROGRAM 'sed -i 1d pg_hba.conf'`));
      await postgres.query('SELECT pg_reload_conf()');
      return databaseAt({});
    },
    exitCode: 2,
    says: /DATABASE_REFUSED_LOGIN, 28000\)/,
  },
  {
    what: 'a certificate of an authority that nobody has named',
    async begin(mend) {
      const { DATABASE_URL = '' } = await byTls(2);
      mend(withoutTls);
      return { DATABASE_URL };
    },
    exitCode: 2,
    says: /DATABASE_CERTIFICATE, DEPTH_ZERO_SELF_SIGNED_CERT\)/,
  },
  {
    what: 'a certificate that has ended',
    begin: (mend) => (mend(withoutTls), byTls(-1)),
    exitCode: 2,
    says: /DATABASE_CERTIFICATE, CERT_HAS_EXPIRED\)/,
  },
  {
    what: 'every connection taken',
    async begin(mend) {
      mend(await postgres.fillConnections());
      return databaseAt({});
    },
    exitCode: 2,
    says: /DATABASE_TOO_MANY_CONNECTIONS, 53300\)/,
  },
  {
    what: 'every connection taken, for who has a reserved one',
    async begin(mend) {
      mend(await postgres.fillConnections());
      return { DATABASE_URL: postgres.url };
    },
    exitCode: 1,
    says: /of 20 connections of the server are in use; .*\(CONNECTIONS_EXHAUSTED\)/,
  },
  {
    what: 'a pooler whose only connection is in a transaction',
    begin: (mend) => pooled(mend, { default_pool_size: 1, query_wait_timeout: 5 }, ['BEGIN; SELECT 1']),
    exitCode: 2,
    says: /^database: down\n.*\(DATABASE_TIMEOUT\)/,
  },
  {
    what: 'a pooler that takes no more clients',
    begin: (mend) => pooled(mend, { max_client_conn: 1 }, ['SELECT 1']),
    exitCode: 2,
    says: /DATABASE_TOO_MANY_CONNECTIONS, 08P01\)/,
  },
  {
    what: 'a database that refuses writes',
    async begin(mend) {
      await postgres.readOnly(true);
      mend(() => postgres.readOnly(false));
      return databaseAt({});
    },
    exitCode: 1,
    says: /^database: up, .*\n.*\(DATABASE_READ_ONLY\)/,
  },
  {
    what: 'a standby',
    async begin(mend) {
      await postgres.restartStandby();
      mend(() => postgres.restart());
      return databaseAt({});
    },
    exitCode: 1,
    says: /^database: up, .*\n.*\(DATABASE_READ_ONLY\)/,
  },
  {
    what: 'a server that is recovering',
    async begin(mend) {
      await postgres.restartStarting();
      mend(() => postgres.restart());
      return databaseAt({});
    },
    exitCode: 2,
    says: /DATABASE_STARTING, 57P03\)/,
  },
  {
    what: 'a prepared transaction that nobody ends, and one who waits for it',
    async begin(mend) {
      const [first, second] = [await open(mend, 'first'), await open(mend, 'second')];
      await first.query('CREATE TABLE prepared_rows AS SELECT 1 AS id');
      await first.query(`BEGIN; UPDATE prepared_rows SET id = 2; PREPARE TRANSACTION 'forgotten'`);
      const waiting = second.query('UPDATE prepared_rows SET id = 3');
      mend(() => waiting);
      mend(() => first.query(`ROLLBACK PREPARED 'forgotten'`));
      await untilQueued();
      return databaseAt({});
    },
    exitCode: 1,
    says: /1 session waits .* at the head is an unfinished prepared transaction .*\(LOCK_QUEUE\)/,
  },
  {
    what: 'a write that waits for the lock of somebody',
    async begin(mend) {
      const [holder, writer] = [await open(mend, 'importer'), await open(mend, 'web')];
      await holder.query('CREATE TABLE written (id int)');
      await holder.query('BEGIN; LOCK TABLE written IN ACCESS EXCLUSIVE MODE');
      const waiting = writer.query('INSERT INTO written VALUES (1)');
      mend(() => waiting);
      mend(() => holder.query('ROLLBACK'));
      await untilQueued();
      return databaseAt({});
    },
    exitCode: 1,
    says: /1 session waits .* application "importer" that has done nothing in an open transaction .*\(LOCK_QUEUE\)/,
  },
  {
    what: 'most of all connections, of one application',
    async begin(mend) {
      for (let client = 0; client < 16; client += 1) await open(mend, 'greedy');
      return databaseAt({});
    },
    exitCode: 1,
    says: /1\d of 20 connections of the server are in use; 16 belong to application "greedy".* \(CONNECTIONS_EXHAUSTED\)/,
  },
];

testDoctorScenes('database', () => folder, SCENES);
