/**
 * The kept connection to one instance. The address is checked after the name was looked up, and the connection goes to that
 * very address: a name that changes in between leads nowhere.
 */
import { isIP } from 'node:net';
import type { SecureContext } from 'node:tls';
import { buildConnector, Client } from 'undici';
import { hostOf, type Polling } from '../file/fleet-file.js';
import type { Certificates } from './certificates.js';
import { AddressNotAllowedError, type Resolver } from './resolve.js';

export interface InstanceConnection {
  /** The one that is kept, unless its name leads elsewhere by now, or its certificates are not those in force. */
  kept(): OpenConnection | undefined;
  /** Looks the name up and keeps a new one. @throws what the look-up fails with */
  open(): Promise<OpenConnection>;
  /** A request that is under way ends with an error. */
  disconnect(): void;
}

export interface OpenConnection {
  readonly client: Client;
  readonly address: string;
}

interface KeptConnection extends OpenConnection {
  /** Of the certificates by which it was opened. */
  readonly secureContext: SecureContext | undefined;
  lookedUpMs: number;
  /** Its name leads elsewhere by now, or where nothing may be asked; or other certificates are in force. */
  isOutdated: boolean;
}

/** Bytes of a response. */
const LONGEST_BODY = 256 * 1024;
const LONGEST_HEADERS = 16 * 1024;

/** @param url - origin of the instance */
export function createInstanceConnection(
  url: URL,
  { allowsLoopback, intervalMs, timeoutMs, tls }: Polling,
  certificates: Certificates | undefined,
  resolver: Resolver,
): InstanceConnection {
  const host = hostOf(url);
  let connection: KeptConnection | undefined;

  const hasOtherCertificates = (of: KeptConnection): boolean => certificates?.current() !== of.secureContext;

  /** Beside the polls: a name server that is slow or down says nothing about an instance that answers. */
  function lookUpAgain(of: KeptConnection): void {
    of.lookedUpMs = performance.now();
    // What is an address leads where it led.
    if (isIP(host) !== 0) {
      of.isOutdated = hasOtherCertificates(of);
      return;
    }
    resolver.resolve(host, allowsLoopback).then(
      (address) => {
        of.isOutdated = address !== of.address || hasOtherCertificates(of);
      },
      (error: unknown) => {
        of.isOutdated = error instanceof AddressNotAllowedError;
      },
    );
  }

  function createClient(address: string, secureContext: SecureContext | undefined): Client {
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
    // Its poll has told of the error, or no longer waits for it.
    client?.destroy(null).catch(() => undefined);
  }

  return {
    kept() {
      if (connection?.isOutdated) disconnect();
      if (connection && performance.now() - connection.lookedUpMs >= resolver.freshMs) {
        lookUpAgain(connection);
      }
      return connection;
    },
    async open() {
      const address = await resolver.resolve(host, allowsLoopback);
      const secureContext = certificates?.current();
      connection = {
        client: createClient(address, secureContext),
        address,
        secureContext,
        lookedUpMs: performance.now(),
        isOutdated: false,
      };
      return connection;
    },
    disconnect,
  };
}
