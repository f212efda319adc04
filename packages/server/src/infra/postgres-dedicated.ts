/**
 * One connection to PostgreSQL outside of the pool, so that no other statement of ours delays those on it. It reconnects by
 * itself.
 *
 * It says nothing at the start of a connection that a pooler would refuse: no `statement_timeout`, no options.
 */
import { Client, type ClientConfig, type QueryResultRow } from 'pg';
import { createAbandonedConnections } from './postgres-abandoned.js';
import { createCanceller } from './postgres-canceller.js';

export interface DedicatedConnectionOptions {
  /** `postgres://…`; never logged, never part of an error of ours. */
  readonly url: string;
  /** Milliseconds that an attempt to connect may take. */
  readonly connectTimeoutMs: number;
  /** Called for every connection that breaks or cannot be made. */
  readonly onError: (error: unknown) => void;
}

export interface DedicatedConnection {
  /** Connects in the background and reconnects from now on; `rows()` does that too. */
  open(): void;
  /** To be called when the database is known to answer: an attempt that was put off is made now. */
  reconnectNow(): void;
  /** Whether there is a connection, and no statement on it is late. */
  isOpen(): boolean;
  /** Since when there is none, by the monotonic clock; `undefined` while there is one, and before the first. */
  lostAtMs(): number | undefined;
  /** Calls `onOpen` whenever a connection has been made. */
  onOpen(onOpen: () => void): void;
  /**
   * Runs a statement. It is sent at once, also before earlier ones are answered; answers come in the order of the
   * statements. Rejects when there is no connection, and after `deadlineMs`. Then the connection is given up, and the server
   * is asked to cancel what runs on it.
   */
  rows<Row extends QueryResultRow>(
    text: string,
    values: readonly unknown[],
    deadlineMs: number,
  ): Promise<Row[]>;
  /** Destroys the connection at once. */
  close(): void;
}

/** A database that has just refused is asked again after this; after the shorter time when a statement waits for it. */
const RETRY_MS = 500;
const WANTED_RETRY_MS = 100;

export function createDedicatedConnection({
  url,
  connectTimeoutMs,
  onError,
}: DedicatedConnectionOptions): DedicatedConnection {
  const openers: (() => void)[] = [];
  const config = configOf(url, connectTimeoutMs);
  const abandoned = createAbandonedConnections({ canceller: createCanceller(config), onEnd: tryNow });
  let link: Link | undefined;
  let opening: Promise<Link> | undefined;
  let retry: NodeJS.Timeout | undefined;
  let closed = false;
  let lostAtMs: number | undefined;
  let failedAtMs = Number.NEGATIVE_INFINITY;

  async function connect(): Promise<Link> {
    const next: Link = { client: new Client(config), unanswered: new Set() };
    const { client } = next;
    client.on('error', onError);
    client.once('end', () => lost(next));
    try {
      await client.connect();
    } catch (error) {
      client.connection.stream.destroy();
      failedAtMs = performance.now();
      if (!closed) {
        onError(error);
        again(RETRY_MS);
      }
      throw error;
    }
    if (closed) client.connection.stream.destroy();
    link = next;
    lostAtMs = undefined;
    for (const notify of openers) notify();
    return next;
  }

  function open(): Promise<Link> {
    if (closed) return Promise.reject(new Error('The connection was closed.'));
    if (retry || (!opening && abandoned.isFull())) {
      return Promise.reject(new Error('There is no connection.'));
    }
    opening ??= connect();
    return opening;
  }

  function tryNow(): void {
    void open().catch(() => undefined);
  }

  /** Makes an attempt that was put off. */
  function hurry(): void {
    if (!retry) return;
    clearTimeout(retry);
    retry = undefined;
    tryNow();
  }

  function again(afterMs: number): void {
    opening = undefined;
    retry ??= setTimeout(() => {
      retry = undefined;
      tryNow();
    }, afterMs).unref();
  }

  function lost(ended: Link): void {
    if (closed || link !== ended) return;
    link = undefined;
    lostAtMs = performance.now();
    again(0);
  }

  function abandon(late: Link): void {
    if (link !== late) return;
    for (const reject of late.unanswered) reject(new Error('The connection was given up.'));
    abandoned.add(late.client, late.unanswered);
    lost(late);
  }

  return {
    open: tryNow,
    reconnectNow: hurry,
    isOpen: () => link !== undefined,
    lostAtMs: () => lostAtMs,
    onOpen: (notify) => openers.push(notify),
    async rows<Row extends QueryResultRow>(text: string, values: readonly unknown[], deadlineMs: number) {
      if (performance.now() - failedAtMs >= WANTED_RETRY_MS) hurry();
      const used = await open();
      return runOn<Row>(used, { text, values, deadlineMs, onLate: () => abandon(used) });
    },
    close() {
      closed = true;
      clearTimeout(retry);
      link?.client.connection.stream.destroy();
      abandoned.close();
    },
  };
}

function configOf(url: string, connectTimeoutMs: number): ClientConfig {
  return {
    connectionString: url,
    application_name: 'portal-sessions',
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    // A database that is far away is asked again before it has answered, without a further login.
    pipeline: true,
  };
}

interface Link {
  readonly client: Client;
  /** How to reject the statements that have no answer yet. */
  readonly unanswered: Set<(error: Error) => void>;
}

interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
  readonly deadlineMs: number;
  readonly onLate: () => void;
}

function runOn<Row extends QueryResultRow>(
  { client, unanswered }: Link,
  { text, values, deadlineMs, onLate }: Statement,
): Promise<Row[]> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(onLate, deadlineMs);
    unanswered.add(reject);
    client
      .query<Row>(text, [...values])
      .then(({ rows }) => resolve(rows), reject)
      .finally(() => {
        clearTimeout(timer);
        unanswered.delete(reject);
      });
  });
}
