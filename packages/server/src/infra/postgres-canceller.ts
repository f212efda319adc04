/**
 * Ends statements that take too long by asking the server to cancel them. A setting of the session (`statement_timeout`)
 * would have to be said at the start of each connection, where poolers refuse what they do not know, or on it, where it
 * would stay for whoever is given that connection next.
 */
import { Client, type ClientBase, type ClientConfig } from 'pg';

/** Cancels statements of connections to one server. */
export interface Canceller {
  /** Cancels what `client` runs now. Resolves when the server has read the request, or cannot be reached. Never rejects. */
  cancel(client: ClientBase): Promise<void>;
  /**
   * Cancels what `client` runs after `afterMs`, also when the connection has been given up by then.
   *
   * @returns call it when the statement has ended: then nothing is cancelled
   */
  later(client: ClientBase, afterMs: number): () => void;
  close(): void;
}

/** Longer than any connection takes that is of use; the request itself is not answered. */
const REQUEST_MS = 5_000;

/** What the server said at the login, which is missing from the types of the driver. */
interface Backend {
  readonly processID?: number | null;
  readonly secretKey?: number | null;
}

/** The members of a connection of the driver that are missing from its types. */
interface Wire {
  connect(port: number | string, host?: string): void;
  cancel(processID: number, secretKey: number): void;
}

/** Connects as `options` say. */
export function createCanceller(options: ClientConfig): Canceller {
  const ends = new Set<() => void>();

  function request(processID: number, secretKey: number, onEnd: () => void): void {
    const { connection, host, port } = new Client(options);
    const wire = connection as unknown as Wire;
    const end = (): void => {
      ends.delete(end);
      clearTimeout(timer);
      connection.stream.destroy();
      onEnd();
    };
    const timer = setTimeout(end, REQUEST_MS).unref();
    ends.add(end);
    const send = (): void => wire.cancel(processID, secretKey);
    connection.on('connect', send).on('sslconnect', send);
    // The server hangs up when it has read the request; one that is not there cancels nothing.
    connection.on('error', end).on('end', end);
    if (host.startsWith('/')) wire.connect(`${host}/.s.PGSQL.${port}`);
    else wire.connect(port, host);
  }

  function cancel(client: ClientBase): Promise<void> {
    const { processID, secretKey } = client as Backend;
    if (typeof processID !== 'number' || typeof secretKey !== 'number') return Promise.resolve();
    return new Promise((resolve) => request(processID, secretKey, resolve));
  }

  return {
    cancel,
    later(client, afterMs) {
      const timer = setTimeout(() => {
        ends.delete(stop);
        void cancel(client);
      }, afterMs).unref();
      const stop = (): void => {
        ends.delete(stop);
        clearTimeout(timer);
      };
      ends.add(stop);
      return stop;
    },
    close() {
      for (const end of ends) end();
    },
  };
}
