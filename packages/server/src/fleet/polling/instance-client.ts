/**
 * Asks one instance, over a connection that is kept. The address is checked after the name was looked up, and the
 * connection goes to that very address: a name that changes in between leads nowhere.
 */
import type { SecureContext } from 'node:tls';
import { withTimeout } from 'portal-shared/with-timeout';
import { buildConnector, Client } from 'undici';
import { hostOf, type Polling } from '../file/fleet-file.js';
import { readResponse } from '../formats/format.js';
import type { InstanceProblem } from '../fleet-problems.js';
import type { NetworkSet } from '../networks.js';
import type { Observation } from '../observation.js';
import type { Credentials } from './credentials.js';
import { exchange } from './exchange.js';
import { isConnectionLost, isOwnTrouble, problemOf } from './poll-error.js';
import { AddressNotAllowedError, type Resolver } from './resolve.js';

export interface InstanceClient {
  /** Resolves with an observation in every case, within the timeout of the service and one turn of the event loop. */
  poll(): Promise<Observation>;
  close(): void;
}

/** What the instances of a service have in common. */
export interface ServicePolling {
  readonly polling: Polling;
  readonly networks: NetworkSet;
  readonly credentials: Credentials | undefined;
  readonly secureContext: SecureContext | undefined;
}

/** Bytes of a response. */
const LONGEST_BODY = 256 * 1024;
const LONGEST_HEADERS = 16 * 1024;

interface Connection {
  readonly client: Client;
  readonly address: string;
  lookedUpMs: number;
  /** Its name leads elsewhere by now, or where nothing may be asked. */
  isOutdated: boolean;
}

/** @param origin - `http://host:port`, as discovered */
export function createInstanceClient(
  origin: string,
  { polling, networks, credentials, secureContext }: ServicePolling,
  resolver: Resolver,
): InstanceClient {
  const { allowsLoopback, path, intervalMs, timeoutMs, format, tls, tokenHosts } = polling;
  const url = new URL(origin);
  const host = hostOf(url);
  let connection: Connection | undefined;

  /** The kept connection, unless its name leads elsewhere by now. */
  function held(): Connection | undefined {
    if (connection?.isOutdated) disconnect();
    if (connection && performance.now() - connection.lookedUpMs >= resolver.freshMs) lookUpAgain(connection);
    return connection;
  }

  async function open(): Promise<Connection> {
    const address = await resolver.resolve(host, allowsLoopback);
    connection = { client: createClient(address), address, lookedUpMs: performance.now(), isOutdated: false };
    return connection;
  }

  /** Beside the polls: a name server that is slow or down says nothing about an instance that answers. */
  function lookUpAgain(of: Connection): void {
    of.lookedUpMs = performance.now();
    resolver.resolve(host, allowsLoopback).then(
      (address) => {
        of.isOutdated = address !== of.address;
      },
      (error: unknown) => {
        of.isOutdated = error instanceof AddressNotAllowedError;
      },
    );
  }

  function createClient(address: string): Client {
    const connect = buildConnector({
      timeout: timeoutMs,
      maxCachedSessions: 1,
      ...(secureContext && { secureContext }),
    });
    const serverName = tls?.serverName;
    return new Client(url, {
      connect: (options, callback) =>
        connect({ ...options, hostname: address, ...(serverName && { servername: serverName }) }, callback),
      pipelining: 1,
      // The deadline of the exchange holds for both.
      headersTimeout: 0,
      bodyTimeout: 0,
      maxHeaderSize: LONGEST_HEADERS,
      maxResponseSize: LONGEST_BODY,
      // Until the next poll, where the instance does not say how long it keeps an unused one.
      keepAliveTimeout: Math.min(2 * intervalMs, resolver.freshMs),
      keepAliveMaxTimeout: resolver.freshMs,
    });
  }

  function disconnect(): void {
    const { client } = connection ?? {};
    connection = undefined;
    // A request that is under way ends with an error, which its poll has told or no longer waits for.
    client?.destroy(null).catch(() => undefined);
  }

  async function ask(deadlineMs: number): Promise<Observation> {
    const kept = held();
    const { client, address } =
      kept ?? (await withTimeout(open(), Math.max(1, deadlineMs - performance.now())));
    const authorization = credentials?.header() ?? undefined;
    const isTokenWithheld = authorization !== undefined && !maySend(address);
    const response = await exchange(client, {
      path,
      authorization: isTokenWithheld ? undefined : authorization,
      deadlineMs,
    }).catch((error: unknown) => {
      // The instance closed a kept connection at the moment of the request: that says nothing about it.
      if (kept && isConnectionLost(error)) return undefined;
      throw error;
    });
    if (!response) {
      disconnect();
      return ask(deadlineMs);
    }
    if (response.status === 401) credentials?.refresh();
    const reading = readResponse(response, format, Date.now());
    return typeof reading === 'string'
      ? { kind: 'failed', code: isTokenWithheld ? withheldOr(reading) : reading }
      : { kind: 'answered', reading, isTokenWithheld };
  }

  function maySend(address: string): boolean {
    return networks.has(address) || tokenHosts.includes(host);
  }

  return {
    async poll() {
      try {
        return await ask(performance.now() + timeoutMs);
      } catch (error) {
        disconnect();
        return isOwnTrouble(error) ? { kind: 'void' } : { kind: 'failed', code: problemOf(error) };
      }
    },
    close: disconnect,
  };
}

/** Without its token an instance says no, which is not its fault. */
function withheldOr(code: InstanceProblem): InstanceProblem {
  return code === 'INSTANCE_UNAUTHORIZED' ? 'INSTANCE_TOKEN_WITHHELD' : code;
}
