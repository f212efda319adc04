/**
 * Connections for the probe by postgres.js, 3 and later: an instance of one connection with the options of the
 * application's own. Recognised by shape, so that the driver is not imported; the function that makes instances is not
 * to be had from one, so it must be handed over.
 */
import { connect, type Socket as NetSocket } from 'node:net';
import { hasMethods, member } from './foreign.js';
import { QUESTION, readOnlyIn, type PostgresAnswer, type PostgresNewcomer } from './postgres-newcomer.js';
import { guardSocket, isSocket, type Socket } from './postgres-socket.js';

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

/** The members used of an instance's options. */
interface SqlOptions {
  readonly host: readonly string[];
  readonly port: readonly number[];
  /** Of a Unix socket; `false` without one. */
  readonly path: string | false;
  readonly ssl: unknown;
  readonly connection: object;
  readonly target_session_attrs: string | null;
  readonly socket?: ((options: unknown) => unknown) | undefined;
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
export function postgresJsNewcomers(sql: unknown, postgres: PostgresJsFunction): () => PostgresNewcomer {
  const options = member(sql, 'options') as SqlOptions;
  const make = postgres as (options: object) => Sql;
  return () => newcomer(options, make);
}

function newcomer(options: SqlOptions, make: (options: object) => Sql): PostgresNewcomer {
  let socket: Socket | undefined;
  let destroyed = false;

  function hold(made: unknown): unknown {
    if (isSocket(made)) {
      socket = made;
      if (destroyed) made.destroy();
      else guardSocket(made, Boolean(options.ssl));
    }
    return made;
  }

  async function askAt(host: string | undefined, port: number | undefined): Promise<PostgresAnswer> {
    let attempts = 0;
    const sql = make({
      ...options,
      ...(host !== undefined && port !== undefined && { host: [host], port: [port] }),
      // The driver's own socket is out of our reach, and it tries again at once when one is closed on it.
      socket: async (all: unknown) => {
        attempts += 1;
        if (attempts > 1) throw new ConnectionClosedError();
        return options.socket
          ? hold(await options.socket(all))
          : connected(hold(connect(options.path ? { path: options.path } : addressOf(host, port))), host);
      },
      ...NEWCOMER,
      connection: { ...options.connection, application_name: 'portal-health' },
      parameters: {},
      shared: { retries: 0, typeArrayMap: {} },
    });
    let askedMs = performance.now();
    const rows = await sql.unsafe(QUESTION, [], {
      simple: true,
      // Called when the question is sent, which is after the login.
      onexecute() {
        askedMs = performance.now();
        return true;
      },
    });
    const latencyMs = performance.now() - askedMs;
    // Says goodbye, so that the server does not log a lost connection, but does not wait for it to answer.
    await sql.end({ timeout: 0 });
    return { readOnly: readOnlyIn(rows), latencyMs };
  }

  return {
    async ask() {
      const wantsWrites = ['read-write', 'primary'].includes(options.target_session_attrs ?? '');
      const last = Math.max(0, options.host.length - 1);
      for (let index = 0; index < last; index += 1) {
        try {
          const answer = await askAt(options.host[index], options.port[index]);
          if (!(wantsWrites && answer.readOnly)) return answer;
        } catch (error) {
          // The driver goes on to the next host as well.
          if (destroyed) throw error;
        }
        socket?.destroy();
      }
      return askAt(options.host[last], options.port[last]);
    },
    destroy() {
      destroyed = true;
      socket?.destroy();
    },
  };
}

/** What is about waiting is the sampler's, and what is told to the application is not told twice. */
const NEWCOMER = {
  max: 1,
  idle_timeout: null,
  max_lifetime: null,
  connect_timeout: 0,
  keep_alive: null,
  backoff: 0,
  debug: false,
  fetch_types: false,
  no_subscribe: true,
  prepare: false,
  target_session_attrs: null,
  transform: { undefined: undefined, column: {}, value: {}, row: {} },
  // Without one the driver writes notices to the console.
  onnotice: () => undefined,
  onnotify: undefined,
  onclose: undefined,
  onparameter: undefined,
};

function addressOf(host: string | undefined, port: number | undefined): { host: string; port: number } {
  return { host: host ?? 'localhost', port: port ?? 5_432 };
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
