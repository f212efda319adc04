/**
 * Connections for the probe by `pg`, 8 and later: clients of the application's own kind with its own options, unseen by
 * its pool. Recognised by shape, so that the driver is not imported.
 */
import { hasMethods, member } from '../../unknown.js';
import type { ConnectionWatch } from '../connection-watch.js';
import { cachedPassword, isLookingUp, type OpenCall } from '../own-problems.js';
import { addressOf, cancelStatement } from './postgres-cancel.js';
import {
  PROBE_QUERY,
  processIdIn,
  readOnlyIn,
  rowsIn,
  type ProbeResult,
  type FreshPostgresConnection,
} from './fresh-postgres-connection.js';
import { destroy, guardClient } from './postgres-socket.js';

/** The members used of a `Client` of `pg`. */
interface PgClient {
  readonly host: string;
  readonly port: number;
  connect(): Promise<unknown>;
  query(text: string): Promise<unknown>;
  end(): Promise<unknown>;
  on(event: 'error', listener: () => void): unknown;
}

type PgClientConstructor = new (config: object) => PgClient;

/** Connections like those of `pool`, a `Pool` or a `Client`; `undefined` when it is neither. */
export function pgConnections(
  pool: unknown,
  passwords: OpenCall,
  watch: ConnectionWatch,
  connectionString?: string,
): (() => FreshPostgresConnection) | undefined {
  const poolClient = member(pool, 'Client');
  const poolOptions = member(pool, 'options');
  if (isConstructor(poolClient) && isObject(poolOptions)) {
    return () =>
      freshConnection(new poolClient(freshOptions(poolOptions, passwords, connectionString)), watch);
  }
  const client = member(pool, 'constructor');
  const parameters = member(pool, 'connectionParameters');
  if (isConstructor(client) && isObject(parameters) && hasMethods(pool, ['connect', 'query', 'end'])) {
    const ssl = member(pool, 'ssl');
    return () =>
      freshConnection(new client({ ...freshOptions(parameters, passwords, connectionString), ssl }), watch);
  }
  return undefined;
}

function isConstructor(value: unknown): value is PgClientConstructor {
  return typeof value === 'function';
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/**
 * The application's own options, so that the probe logs in exactly as it does, but for what is about waiting: that is
 * the sampler's. Nothing is added to what the server is told except our name, as poolers refuse what they do not know.
 */
function freshOptions(options: object, passwords: OpenCall, connectionString?: string): object {
  return {
    ...options,
    // Pools and clients hide their password from enumeration.
    password: cachedPassword(member(options, 'password'), passwords),
    application_name: 'portal-health',
    connectionTimeoutMillis: 0,
    query_timeout: 0,
    keepAlive: false,
    pipeline: false,
    types: undefined,
    Promise: undefined,
    ...(connectionString !== undefined && { connectionString, password: undefined }),
  };
}

function freshConnection(client: PgClient, watch: ConnectionWatch): FreshPostgresConnection {
  // A connection can break at any time, also after its run; unheard, its error would end the process.
  client.on('error', () => undefined);
  let opening: Promise<unknown> | undefined;
  let address: ReturnType<typeof addressOf>;
  const stream = (): unknown => member(member(client, 'connection'), 'stream');

  function open(): Promise<unknown> {
    if (!opening) {
      opening = client.connect();
      watch.connecting(stream());
      guardClient(client);
    }
    return opening;
  }

  function end(): void {
    void client.end().catch(() => undefined);
  }

  return {
    async query(stays = false): Promise<ProbeResult> {
      await open();
      const askedMs = performance.now();
      const result = await client.query(PROBE_QUERY);
      const latencyMs = performance.now() - askedMs;
      watch.answered(stream());
      if (!stays) end();
      return { readOnly: readOnlyIn(member(result, 'rows')), latencyMs };
    },
    async run(text) {
      await open();
      const host = member(client, 'host');
      const path =
        typeof host === 'string' && host.startsWith('/') ? `${host}/.s.PGSQL.${client.port}` : undefined;
      address ??= addressOf(stream(), path);
      return rowsIn(await client.query(text), (one) => member(one, 'rows'));
    },
    processId: () => processIdIn(member(client, 'processID')),
    end,
    cancel() {
      cancelStatement({
        address,
        ssl: member(client, 'ssl'),
        host: client.host,
        processId: member(client, 'processID'),
        secretKey: member(client, 'secretKey'),
      });
    },
    isLookingUp: () => isLookingUp(stream()),
    destroy: () => destroy(client),
  };
}
