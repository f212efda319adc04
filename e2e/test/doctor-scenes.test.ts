/**
 * What `portal doctor` says in each scene that it can reach: the cause, and the worst in its exit code. A disk that is full it
 * does not find, as it writes nothing.
 */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import {
  makeCertificate,
  startPgBouncer,
  startPostgres,
  startProxy,
  startRedis,
  waitFor,
  type PostgresServer,
  type RedisServer,
} from 'portal-test-kit';
import { runDoctor } from './doctor-process.js';

type Urls = Readonly<Record<string, string>>;

/** Of one store; what is broken is mended at its end. */
interface Scene {
  readonly what: string;
  /** Breaks it, and says what the doctor is given. */
  readonly begin: (mend: (step: () => unknown) => void) => Urls | Promise<Urls>;
  readonly exitCode: 0 | 1 | 2;
  readonly says: RegExp;
}

let postgres: PostgresServer;
let database: string;
let redis: RedisServer;
let folder: string;

before(async () => {
  [postgres, redis] = await Promise.all([startPostgres({ settings: { max_connections: 20 } }), startRedis()]);
  database = await postgres.createDatabase();
  folder = await mkdtemp(join(tmpdir(), 'portal-doctor-'));
});

after(async () => {
  await Promise.all([postgres, redis].map((server) => server?.close()));
  if (folder) await rm(folder, { recursive: true, force: true });
});

function databaseAt(
  parts: Partial<Pick<URL, 'password' | 'pathname' | 'hostname' | 'port' | 'search'>>,
): Urls {
  return { DATABASE_URL: Object.assign(new URL(database), parts).href };
}

function cacheAt(parts: Partial<Pick<URL, 'username' | 'password' | 'hostname' | 'port'>>): Urls {
  return { REDIS_URL: Object.assign(new URL(redis.url), parts).href };
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

const DATABASE: readonly Scene[] = [
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
  {
    what: 'packets that are dropped',
    async begin(mend) {
      const proxy = await startProxy({ port: postgres.port });
      mend(() => proxy.close());
      await proxy.fault('drop');
      return databaseAt({ port: String(proxy.port) });
    },
    exitCode: 2,
    says: /^database: down\n.*\(DATABASE_TIMEOUT\)/,
  },
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
];

const CACHE: readonly Scene[] = [
  {
    what: 'a wrong password',
    async begin(mend) {
      await redis.requirePassword('another');
      mend(() => redis.requirePassword(''));
      return cacheAt({ password: 'wrong' });
    },
    exitCode: 2,
    says: /CACHE_REFUSED_LOGIN, (WRONGPASS|NOAUTH)\)/,
  },
  {
    what: 'a port at which nobody listens',
    begin: () => cacheAt({ port: '1' }),
    exitCode: 2,
    says: /CACHE_UNREACHABLE, ECONNREFUSED\)/,
  },
  {
    what: 'a frozen server',
    begin(mend) {
      redis.freeze();
      mend(() => redis.thaw());
      return cacheAt({});
    },
    exitCode: 2,
    says: /^cache: down\n.*\(CACHE_TIMEOUT\)/,
  },
  {
    what: 'every connection taken',
    async begin(mend) {
      mend(await redis.fillConnections());
      return cacheAt({});
    },
    exitCode: 2,
    says: /CACHE_TOO_MANY_CONNECTIONS/,
  },
  {
    what: 'no memory left',
    async begin(mend) {
      await redis.outOfMemory(true);
      mend(() => redis.outOfMemory(false));
      return cacheAt({});
    },
    exitCode: 1,
    says: /^cache: up, .*\n.*\(CACHE_OUT_OF_MEMORY\)[^]*\(CACHE_NEARLY_FULL\)/,
  },
  {
    what: 'a user who may not ask for figures',
    async begin(mend) {
      await redis.command('ACL', 'SETUSER', 'plain', 'on', '>plain', '~*', '+@all', '-@dangerous');
      mend(() => redis.command('ACL', 'DELUSER', 'plain'));
      return cacheAt({ username: 'plain', password: 'plain' });
    },
    exitCode: 0,
    says: /^cache: up, .*\n.*is hidden from this user: .* \+info/,
  },
  {
    what: 'a server that reads its data',
    async begin(mend) {
      await redis.restartLoading();
      mend(() => redis.restart());
      return cacheAt({});
    },
    exitCode: 2,
    says: /CACHE_LOADING/,
  },
  {
    what: 'a replica that has begun without its master',
    async begin(mend) {
      await redis.readOnly(true);
      mend(() => redis.readOnly(false));
      return cacheAt({});
    },
    exitCode: 1,
    says: /^cache: up, .*\n.*\(CACHE_READ_ONLY\)[^]*has lost its master since .* \(CACHE_LINK_DOWN\)/,
  },
];

for (const [store, scenes] of Object.entries({ database: DATABASE, cache: CACHE })) {
  describe(`a ${store}`, () => {
    for (const { what, begin, exitCode, says } of scenes) {
      test(what, async () => {
        const mending: (() => unknown)[] = [];
        try {
          const urls = await begin((step) => mending.push(step));
          const found = await runDoctor(folder, urls);
          assert.match(found.text, says);
          assert.equal(found.exitCode, exitCode, found.text);
        } finally {
          for (const mend of mending.toReversed()) await mend();
        }
      });
    }
  });
}
