/**
 * A Postgres and a Redis full of secrets: in URLs, logins and names, behind an address that is one.
 */
import { Socket } from 'node:net';
import pg from 'pg';
import {
  startPostgres,
  startProxy,
  startRedis,
  waitFor,
  type PostgresServer,
  type Proxy,
  type RedisServer,
} from 'portal-test-kit';

/** In everything that nobody may read, and several times in what code might cut into pieces. */
export const CANARY = 'zqvxkwjz';
/** Needs no escaping in SQL but does in a URL. */
export const PASSWORD = `${CANARY}@${CANARY}/${CANARY}#${CANARY}:${CANARY}`;
/** A name like any other: administrators read in reasons who it is. */
export const ROLE = 'hqnjbtwk_role';
/** Of both stores, and of those who use them. */
export const ADDRESS = '127.83.61.47';
export const TABLE = `${CANARY}_table`;
export const MAX_CONNECTIONS = 60;

export interface PlantedStores {
  readonly postgres: PostgresServer;
  readonly redis: RedisServer;
  readonly proxies: { readonly database: Proxy; readonly cache: Proxy };
  readonly urls: { readonly DATABASE_URL: string; readonly REDIS_URL: string };
  /** A client at an address of its own, past the proxy; it must be ended. */
  open(application: string): Promise<pg.Client>;
  close(): Promise<void>;
}

export async function startPlantedStores(): Promise<PlantedStores> {
  const [postgres, redis] = await Promise.all([
    startPostgres({ settings: { max_connections: MAX_CONNECTIONS, max_prepared_transactions: 4 } }),
    startRedis({ settings: { user: `${CANARY} on >${PASSWORD} ~* &* +@all` } }),
  ]);
  const [database, cache] = [
    await startProxy({ port: postgres.port, host: ADDRESS }),
    await startProxy({ port: redis.port, host: ADDRESS }),
  ];
  async function close(): Promise<void> {
    await Promise.all([database.close(), cache.close()]);
    await Promise.all([postgres.close(), redis.close()]);
  }
  try {
    await postgres.query(`CREATE ROLE ${ROLE} LOGIN PASSWORD '${PASSWORD}' IN ROLE pg_monitor`);
    await postgres.query(`CREATE DATABASE ${CANARY} OWNER ${ROLE}`);
    const rule = `host all all ${ADDRESS}/32 scram-sha-256`;
    await postgres.query(`COPY (SELECT '${rule}') TO PROGRAM 'cat >> pg_hba.conf'`);
    await postgres.query('SELECT pg_reload_conf()');
    await waitFor('the rule for its address', async () => {
      await (await open(postgres, '')).end();
      return true;
    });
    await plantNames(postgres);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    postgres,
    redis,
    proxies: { database, cache },
    urls: {
      DATABASE_URL: databaseUrl({ host: `${ADDRESS}:${database.port}` }),
      REDIS_URL: `redis://${CANARY}:${encodeURIComponent(PASSWORD)}@${ADDRESS}:${cache.port}`,
    },
    open: (application) => open(postgres, application),
    close,
  };
}

/** @param parts.host - with the port */
export function databaseUrl({ password = PASSWORD, host = '', name = CANARY, role = ROLE }): string {
  return `postgres://${role}:${encodeURIComponent(password)}@${host}/${name}`;
}

/** What of the hourly question is a reason at once, of things with such names. */
async function plantNames(postgres: PostgresServer): Promise<void> {
  const owner = await open(postgres, 'set-up');
  await owner.query(`CREATE TABLE ${TABLE} (id int PRIMARY KEY); INSERT INTO ${TABLE} VALUES (1);
    CREATE SEQUENCE ${CANARY}_sequence AS smallint; SELECT setval('${CANARY}_sequence', 32767);
    CREATE INDEX ${CANARY}_index ON ${TABLE} (id)`);
  await owner.end();
  const root = new pg.Client({ connectionString: postgres.url.replace(/postgres$/, CANARY) });
  await root.connect();
  await root.query(`UPDATE pg_index SET indisvalid = false WHERE indexrelid = '${CANARY}_index'::regclass`);
  await root.query(`SELECT pg_create_physical_replication_slot('${CANARY}_slot', true)`);
  await root.end();
}

async function open(postgres: PostgresServer, application: string): Promise<pg.Client> {
  const opened = new pg.Client({
    connectionString: databaseUrl({ host: `127.0.0.1:${postgres.port}` }),
    application_name: application,
    stream: () => new SocketFromAddress(),
  });
  opened.on('error', () => undefined);
  await opened.connect();
  return opened;
}

class SocketFromAddress extends Socket {
  override connect(...[port, host]: readonly unknown[]): this {
    return super.connect({ port: Number(port), host: String(host), localAddress: ADDRESS });
  }
}
