/**
 * A TCP proxy that breaks the network in front of a server, in the ways in which networks break.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { withFreePort } from 'portal-dev-servers/free-port';
import { listenDropping, type DropPort } from './drop-port.js';
import type { Fault, FaultOptions } from './fault.js';
import { createProxiedConnection, type ProxiedConnection } from './proxied-connection.js';

export interface Proxy {
  /** Where clients connect to, at `host`; the same whatever the fault. */
  readonly port: number;
  /** How many connections are open. */
  readonly connections: number;
  /** How many connections there have been. */
  readonly accepted: number;
  /** From now on the network does this. */
  fault(fault: Fault, options?: FaultOptions): Promise<void>;
  /** From now on the network is well; what was held back arrives, as it does on a real one. */
  heal(): Promise<void>;
  /** Ends every connection and gives the port back. */
  close(): Promise<void>;
}

/** Where a proxy stands. */
export interface ProxyOptions {
  /** Of the server, at 127.0.0.1. */
  readonly port: number;
  /** Address of this machine to listen on; 127.0.0.1 by default. */
  readonly host?: string;
  /** Told of everything that clients say, as it comes, with the number of the connection. */
  readonly onRequest?: (bytes: Buffer, connection: number) => void;
}

/** Starts a proxy in front of `port` of 127.0.0.1. */
export async function startProxy({
  port: target,
  host = '127.0.0.1',
  onRequest,
}: ProxyOptions): Promise<Proxy> {
  const connections = new Set<ProxiedConnection>();
  let accepted = 0;
  let fault: Fault | undefined;
  let dropPort: DropPort | undefined;
  let options: Required<FaultOptions> = { afterBytes: 1, latencyMs: 600 };
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
    accepted += 1;
    const number = accepted;
    if (onRequest) client.on('data', (bytes: Buffer) => onRequest(bytes, number));
    const connection = createProxiedConnection(client, target, () => connections.delete(connection));
    connections.add(connection);
    connection.apply(fault, options);
  });
  const port = await withFreePort(
    async (candidate) => {
      await listen(server, host, candidate);
      return candidate;
    },
    () => true,
  );

  async function set(next: Fault | undefined): Promise<void> {
    fault = next;
    await dropPort?.close();
    dropPort = undefined;
    if (next === 'refuse' || next === 'drop') {
      const closed = server.listening ? once(server, 'close') : undefined;
      server.close();
      for (const connection of connections) connection.reset();
      await closed;
      if (next === 'drop') dropPort = await listenDropping(host, port);
      return;
    }
    if (!server.listening) await listen(server, host, port);
    for (const connection of connections) connection.apply(next, options);
  }

  return {
    port,
    get connections() {
      return connections.size;
    },
    get accepted() {
      return accepted;
    },
    fault(next, { afterBytes = 1, latencyMs = 600 } = {}) {
      options = { afterBytes, latencyMs };
      return set(next);
    },
    heal: () => set(undefined),
    async close() {
      await dropPort?.close();
      const closed = server.listening ? once(server, 'close') : undefined;
      server.close();
      for (const connection of connections) connection.reset();
      await closed;
    },
  };
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  server.listen({ port, host });
  await once(server, 'listening');
}
