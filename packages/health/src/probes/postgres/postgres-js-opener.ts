/**
 * Makes instances of postgres.js with one connection each, whose sockets are ours: the driver's own cannot be destroyed from
 * outside.
 */
import { connect, type Socket as NetSocket } from 'node:net';
import { member } from '../../unknown.js';
import type { ConnectionWatch } from '../connection-watch.js';
import { isLookingUp, type OpenCall } from '../own-problems.js';
import { isSocket, type Socket } from '../probe-socket.js';
import { FRESH_OPTIONS, passwordOf, type SqlOptions } from './postgres-js-options.js';
import { guardSocket } from './postgres-socket.js';

/** The members used of an instance that was made for this run. */
export interface Sql {
  unsafe(
    text: string,
    values: readonly [],
    options: { simple: true; onexecute(): true },
  ): PromiseLike<unknown>;
  end(options: { timeout: number }): Promise<unknown>;
}

/** An instance of one connection, which it makes when it is asked something. */
export interface OpenedInstance {
  readonly sql: Sql;
  /** Rejects when the password cannot be had. */
  readonly failed: Promise<never>;
  readonly host: string | undefined;
  readonly socket: () => unknown;
}

export interface Opener {
  /** Connects when the instance is asked something; default: to the path of the options, or this machine. */
  readonly open: (host: string | undefined, port: number | undefined) => OpenedInstance;
  readonly isLookingUp: () => boolean;
  readonly isDestroyed: () => boolean;
  /** Destroys every socket, also those that are made from now on. */
  readonly destroy: () => void;
}

export interface OpenerOptions {
  readonly make: (options: object) => Sql;
  readonly passwords: OpenCall;
  readonly watch: ConnectionWatch;
}

export function createOpener(options: SqlOptions, { make, passwords, watch }: OpenerOptions): Opener {
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

  function open(host: string | undefined, port: number | undefined): OpenedInstance {
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

  return {
    open,
    isLookingUp: () => [...sockets].some(isLookingUp),
    isDestroyed: () => destroyed,
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
