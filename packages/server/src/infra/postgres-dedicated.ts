/**
 * One connection to PostgreSQL outside of the pool, for questions that nothing else of ours may make late. It mends itself.
 *
 * It says nothing at the start of a connection that a pooler would refuse: no `statement_timeout`, no options.
 */
import { Client, type QueryResultRow } from 'pg';

/** Where it leads. */
export interface DedicatedConnectionOptions {
  /** `postgres://…`; never logged, never part of an error of ours. */
  readonly url: string;
  /** Milliseconds that an attempt to connect may take. */
  readonly connectTimeoutMs: number;
  /** Told of every connection that breaks or cannot be made. */
  readonly onError: (error: unknown) => void;
}

/** A connection of its own. */
export interface DedicatedConnection {
  /** Connects in the background and keeps at it from now on; a question does that too. */
  open(): void;
  /** Somebody knows that the database is there: an attempt that was put off is made now. */
  reconnectNow(): void;
  /** Whether there is a connection, and no question on it has waited for too long. */
  isOpen(): boolean;
  /** Since when there is none, by the monotonic clock; `undefined` while there is one, and before the first. */
  lostAtMs(): number | undefined;
  /** Calls `onOpen` whenever a connection has been made. */
  onOpen(onOpen: () => void): void;
  /**
   * Asks at once, also while answers to others are awaited, which come in the order of the questions. Rejects when there
   * is no connection, or after `deadlineMs`, and then the connection is given up: nobody knows whether it will ever answer.
   */
  rows<Row extends QueryResultRow>(
    text: string,
    values: readonly unknown[],
    deadlineMs: number,
  ): Promise<Row[]>;
  /** Lets go of the connection at once. */
  close(): void;
}

/** A database that has just refused is not asked again sooner; while somebody waits for it, a little sooner. */
const RETRY_MS = 500;
const WANTED_RETRY_MS = 100;

/** Opens nothing yet. */
export function createDedicatedConnection({
  url,
  connectTimeoutMs,
  onError,
}: DedicatedConnectionOptions): DedicatedConnection {
  const openers: (() => void)[] = [];
  let client: Client | undefined;
  let opening: Promise<Client> | undefined;
  let retry: NodeJS.Timeout | undefined;
  let closed = false;
  let lostAtMs: number | undefined;
  let failedAtMs = Number.NEGATIVE_INFINITY;

  async function connect(): Promise<Client> {
    const next = new Client({
      connectionString: url,
      application_name: 'portal-sessions',
      connectionTimeoutMillis: connectTimeoutMs,
      keepAlive: true,
      // A database that is far away is asked again before it has answered, without a further login.
      pipeline: true,
    });
    next.on('error', onError);
    next.once('end', () => lost(next));
    try {
      await next.connect();
    } catch (error) {
      next.connection.stream.destroy();
      failedAtMs = performance.now();
      if (!closed) {
        onError(error);
        again(RETRY_MS);
      }
      throw error;
    }
    if (closed) giveUp(next);
    client = next;
    lostAtMs = undefined;
    for (const tell of openers) tell();
    return next;
  }

  function open(): Promise<Client> {
    if (closed) return Promise.reject(new Error('The connection was closed.'));
    if (retry) return Promise.reject(new Error('There is no connection.'));
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

  function lost(ended: Client): void {
    if (closed || client !== ended) return;
    client = undefined;
    lostAtMs = performance.now();
    again(0);
  }

  function giveUp(late: Client): void {
    late.connection.stream.destroy();
    lost(late);
  }

  return {
    open: tryNow,
    reconnectNow: hurry,
    isOpen: () => client !== undefined,
    lostAtMs: () => lostAtMs,
    onOpen: (tell) => openers.push(tell),
    async rows<Row extends QueryResultRow>(text: string, values: readonly unknown[], deadlineMs: number) {
      if (performance.now() - failedAtMs >= WANTED_RETRY_MS) hurry();
      const asked = await open();
      const timer = setTimeout(() => giveUp(asked), deadlineMs);
      try {
        return (await asked.query<Row>(text, [...values])).rows;
      } finally {
        clearTimeout(timer);
      }
    },
    close() {
      closed = true;
      clearTimeout(retry);
      client?.connection.stream.destroy();
    },
  };
}
