/**
 * A TCP proxy that breaks the network in front of a server, in the ways in which networks break.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { withFreePort } from 'portal-server/embedded/free-port';
import { createProxiedConnection, type ProxiedConnection } from './proxied-connection.js';

/**
 * What the network does, to the connections there are and to new ones:
 *
 * - `refuse`: connections are reset, and new ones refused, since nobody listens;
 * - `blackhole`: connections are accepted, and then nothing passes in either direction;
 * - `half-open`: what the client says arrives, the answer does not;
 * - `reset`, `cut`: after `afterBytes` more bytes of the answer the connection is reset, or closed in good order;
 * - `slow`: the answer comes `latencyMs` later;
 * - `trickle`: the answer comes at one byte a second;
 * - `rubbish`: instead of the answer come bytes of another protocol.
 */
export type Fault = 'refuse' | 'blackhole' | 'half-open' | 'reset' | 'cut' | 'slow' | 'trickle' | 'rubbish';

/** The extent of a fault. */
export interface FaultOptions {
  /** For `reset` and `cut`; 1 by default, which is in the middle of any answer. */
  readonly afterBytes?: number;
  /** For `slow`; 600 by default. */
  readonly latencyMs?: number;
}

/** A running proxy. */
export interface Proxy {
  /** Where clients connect to, at 127.0.0.1; the same whatever the fault. */
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

/** Starts a proxy in front of `port` of 127.0.0.1. */
export async function startProxy({ port: target }: { readonly port: number }): Promise<Proxy> {
  const connections = new Set<ProxiedConnection>();
  let accepted = 0;
  let fault: Fault | undefined;
  let options: Required<FaultOptions> = { afterBytes: 1, latencyMs: 600 };
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
    accepted += 1;
    const connection = createProxiedConnection(client, target, () => connections.delete(connection));
    connections.add(connection);
    connection.apply(fault, options);
  });
  const port = await withFreePort(
    async (candidate) => {
      await listen(server, candidate);
      return candidate;
    },
    () => true,
  );

  async function set(next: Fault | undefined): Promise<void> {
    fault = next;
    if (next === 'refuse') {
      if (server.listening) server.close();
      for (const connection of connections) connection.reset();
      return;
    }
    if (!server.listening) await listen(server, port);
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
      const closed = server.listening ? once(server, 'close') : undefined;
      server.close();
      for (const connection of connections) connection.reset();
      await closed;
    },
  };
}

async function listen(server: Server, port: number): Promise<void> {
  server.listen({ port, host: '127.0.0.1' });
  await once(server, 'listening');
}
