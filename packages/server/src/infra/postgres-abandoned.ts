/**
 * Connections that were given up because a statement on them took too long. The server works on, or waits for a lock,
 * until it is told to stop: it does not notice that a client has gone. So each is cancelled until the server has ended it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import type { Canceller } from './postgres-canceller.js';

/** The connections of one process that the server has not ended yet. */
export interface AbandonedConnections {
  /** Whether there are as many as there may be: until one has ended, no other connection may be made. */
  isFull(): boolean;
  /** @param unanswered - the statements on `client` that have no answer yet */
  add(client: Client, unanswered: ReadonlySet<unknown>): void;
  close(): void;
}

export interface AbandonedConnectionsOptions {
  readonly canceller: Canceller;
  /** Called whenever one has ended. */
  readonly onEnd: () => void;
}

/** One waits for the lock, and one is being cancelled. One more, for a server that is slow to cancel. */
const MOST = 3;
/** A statement may follow on the same connection, and wait for the same lock. */
const CANCEL_EVERY_MS = 100;
/** A server that has vanished says nothing, and must not keep us from its successor for ever. */
const FORGOTTEN_AFTER_MS = 5 * 60_000;

export function createAbandonedConnections({
  canceller,
  onEnd,
}: AbandonedConnectionsOptions): AbandonedConnections {
  const clients = new Set<Client>();

  async function cancelAll(client: Client, unanswered: ReadonlySet<unknown>): Promise<void> {
    // Before the goodbye: a pooler that reads it with a statement under way drops the client, and cancels nothing then.
    while (clients.has(client) && unanswered.size > 0) {
      await canceller.cancel(client);
      await sleep(CANCEL_EVERY_MS, undefined, { ref: false });
    }
    if (clients.has(client)) await client.end();
  }

  return {
    isFull: () => clients.size >= MOST,
    add(client, unanswered) {
      const destroy = (): void => {
        client.connection.stream.destroy();
      };
      const timer = setTimeout(destroy, FORGOTTEN_AFTER_MS).unref();
      clients.add(client);
      client.once('end', () => {
        clearTimeout(timer);
        clients.delete(client);
        onEnd();
      });
      void cancelAll(client, unanswered).catch(destroy);
    },
    close() {
      for (const client of clients) client.connection.stream.destroy();
      canceller.close();
    },
  };
}
