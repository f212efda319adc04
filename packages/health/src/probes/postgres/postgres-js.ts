/**
 * Connections for the probe by postgres.js, 3 and later: an instance of one connection with the options of the
 * application's own. Recognised by shape, so that the driver is not imported; the function that makes instances is not
 * to be had from one, so it must be handed over.
 */
import { connect, type Socket as NetSocket } from 'node:net';
import { hasMethods, member } from '../../unknown.js';
import type { ConnectionWatch } from '../connection-watch.js';
import { isLookingUp, type OpenCall } from '../own-problems.js';
import { addressOf, cancelStatement, type Busy } from './postgres-cancel.js';
import { tryHosts, readOnlyWanted } from './postgres-hosts.js';
import {
  PROBE_QUERY,
  processIdIn,
  readOnlyIn,
  rowsIn,
  type ProbeResult,
  type FreshPostgresConnection,
} from './fresh-postgres-connection.js';
import { FRESH_OPTIONS, optionsOf, passwordOf, type SqlOptions } from './postgres-js-options.js';
import { isSocket, type Socket } from '../probe-socket.js';
import { guardSocket } from './postgres-socket.js';

/** The function that `postgres` exports, as far as it is used. */
export type PostgresJsFunction = (options: never) => unknown;

/** The members used of an instance that was made for this run. */
interface Sql {
  unsafe(
    text: string,
    values: readonly [],
    options: { simple: true; onexecute(): true },
  ): PromiseLike<unknown>;
  end(options: { timeout: number }): Promise<unknown>;
}

/** True for an instance of postgres.js. */
export function isPostgresJs(sql: unknown): boolean {
  const options = member(sql, 'options');
  return (
    hasMethods(sql, ['reserve', 'unsafe', 'end']) &&
    Array.isArray(member(options, 'host')) &&
    Array.isArray(member(options, 'port')) &&
    typeof member(options, 'connection') === 'object'
  );
}

/** Connections like those of `sql`, an instance that `postgres` made. */
export function postgresJsConnections(
  sql: unknown,
  postgres: PostgresJsFunction,
  { passwords, watch, deadlineMs, connectionString }: PostgresJsConnecting,
): () => FreshPostgresConnection {
  const given = member(sql, 'options') as SqlOptions;
  const options = connectionString === undefined ? given : { ...given, ...optionsOf(connectionString) };
  const make = postgres as (options: object) => Sql;
  // Each host has as long as the others before the next is asked too.
  const turnMs = deadlineMs / (options.host.length + 1);
  const preferred = { index: 0 };
  return () => freshConnection(options, { make, passwords, watch, turnMs, preferred });
}

interface PostgresJsConnecting {
  readonly passwords: OpenCall;
  readonly watch: ConnectionWatch;
  /** Milliseconds that several hosts share. */
  readonly deadlineMs: number;
  readonly connectionString?: string | undefined;
}

/** An instance of one connection, which it makes when it is asked something. */
interface Opened {
  readonly sql: Sql;
  /** Rejects when the password cannot be had. */
  readonly failed: Promise<never>;
  readonly host: string | undefined;
  readonly socket: () => unknown;
}

interface Circumstances {
  readonly make: (options: object) => Sql;
  readonly passwords: OpenCall;
  readonly watch: ConnectionWatch;
  readonly turnMs: number;
  /** The host that answered last, of several. */
  readonly preferred: { index: number };
}

function freshConnection(
  options: SqlOptions,
  { make, passwords, watch, turnMs, preferred }: Circumstances,
): FreshPostgresConnection {
  const sockets = new Set<Socket>();
  let destroyed = false;

  function hold(made: unknown): unknown {
    if (isSocket(made)) {
      sockets.add(made);
      if (destroyed) made.destroy();
      else guardSocket(made, Boolean(options.ssl));
    }
    return made;
  }

  function open(host: string | undefined, port: number | undefined): Opened {
    let attempts = 0;
    let socket: unknown;
    let passwordFailed: (error: unknown) => void = () => undefined;
    const failed = new Promise<never>((_resolve, reject) => {
      passwordFailed = reject;
    });
    failed.catch(() => undefined);
    const sql = make({
      ...options,
      ...(host !== undefined && port !== undefined && { host: [host], port: [port] }),
      pass: passwordOf(options.pass, passwords, {
        // The driver writes also to a socket that is gone, which ends the process.
        isWanted: () => !destroyed && member(socket, 'destroyed') === false,
        failed: (error) => passwordFailed(error),
      }),
      // The driver's own socket is out of our reach, and it tries again at once when one is closed on it.
      socket: async (all: unknown) => {
        attempts += 1;
        if (attempts > 1) throw new ConnectionClosedError();
        socket = hold(
          options.socket
            ? await options.socket(all)
            : connect(
                options.path ? { path: options.path } : { host: host ?? 'localhost', port: port ?? 5_432 },
              ),
        );
        watch.connecting(socket);
        return options.socket ? socket : connected(socket, host);
      },
      ...FRESH_OPTIONS,
      connection: { ...options.connection, application_name: 'portal-health' },
      parameters: {},
      shared: { retries: 0, typeArrayMap: {} },
    });
    return { sql, failed, host, socket: () => socket };
  }

  async function askAt(index: number, stays: boolean): Promise<ProbeResult> {
    const asking = open(options.host[index], options.port[index]);
    const { sql, failed } = asking;
    let askedMs = performance.now();
    const asked = sql.unsafe(PROBE_QUERY, [], {
      simple: true,
      // Called when the question is sent, which is after the login.
      onexecute() {
        askedMs = performance.now();
        return true;
      },
    });
    const rows = await Promise.race([failed, asked]);
    const latencyMs = performance.now() - askedMs;
    if (!stays) await sql.end({ timeout: 0 });
    else {
      // Of several hosts, the one that is not the one wanted is of no use.
      answered.set(index, asking);
      backend = member(asked, 'state');
    }
    return { readOnly: readOnlyIn(rows), latencyMs };
  }

  let writing: { readonly query: PromiseLike<unknown>; readonly address: Busy['address'] } | undefined;
  let opened: Opened | undefined;
  /** Those that stayed open after their answer, by their host. */
  const answered = new Map<number, Opened>();
  /** What the driver knows of the backend. */
  let backend: unknown;

  return {
    async query(stays = false) {
      const readOnly = readOnlyWanted(options.target_session_attrs);
      const { index, ...answer } = await tryHosts(
        { hosts: options.host.length, turnMs, readOnly },
        (at) => askAt(at, stays),
        () => destroyed,
      );
      preferred.index = index;
      opened = answered.get(index);
      return answer;
    },
    async run(text) {
      opened ??= open(options.host[preferred.index], options.port[preferred.index]);
      const { sql, failed, socket } = opened;
      const query = sql.unsafe(text, [], {
        simple: true,
        onexecute() {
          writing = { query, address: addressOf(socket(), options.path || undefined) };
          return true;
        },
      });
      const result = await Promise.race([failed, query]);
      backend = member(query, 'state');
      // Of one statement the driver gives the rows, of several a list of them.
      return rowsIn(Array.isArray(result) && Array.isArray(result[0]) ? result : [result], (rows) => rows);
    },
    processId: () => processIdIn(member(backend, 'pid')),
    end() {
      for (const { sql } of new Set([...answered.values(), ...(opened ? [opened] : [])])) {
        void sql.end({ timeout: 0 }).catch(() => undefined);
      }
    },
    cancel() {
      const busy = member(writing?.query, 'state');
      cancelStatement({
        address: writing?.address,
        ssl: options.ssl,
        host: opened?.host,
        processId: member(busy, 'pid'),
        secretKey: member(busy, 'secret'),
      });
    },
    isLookingUp: () => [...sockets].some(isLookingUp),
    destroy() {
      destroyed = true;
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** The socket once it is connected, which the driver expects of one that it has not made. */
function connected(socket: unknown, host: string | undefined): Promise<unknown> {
  const opened = socket as NetSocket & { host?: string };
  // For the name in the certificate.
  if (host !== undefined) opened.host = host;
  return new Promise((resolve, reject) => {
    opened.once('connect', () => resolve(opened));
    opened.once('error', reject);
    opened.once('close', () => reject(new ConnectionClosedError()));
  });
}

/** In the driver's own words for a connection that was closed on it. */
class ConnectionClosedError extends Error {
  readonly code = 'CONNECTION_CLOSED';

  constructor() {
    super('The connection was closed');
  }
}
