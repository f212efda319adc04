/**
 * The door to PostgreSQL: the application's one pool.
 */
import { Pool, type PoolClient, type QueryConfig, type QueryResultRow } from 'pg';
import { errorCode } from 'portal-shared/error-code';
import { PortalError } from '../errors.js';
import { createCanceller, type Canceller } from './postgres-canceller.js';
import { createDedicatedConnection, type DedicatedConnection } from './postgres-dedicated.js';
import { createListener, type ChannelListener } from './postgres-listener.js';

/** How to reach the database, and how patiently. */
export interface PostgresOptions {
  /** `postgres://…`; never logged, never part of an error of ours. */
  readonly url: string;
  /** Most connections of the pool. */
  readonly poolSize: number;
  /** Milliseconds that a caller waits for a connection: a free one of the pool, or a new one. */
  readonly connectTimeoutMs: number;
  /** Told of every connection that breaks while it is idle; without a listener that would end the process. */
  readonly onError: (error: unknown) => void;
  /** Told once when a pooler stands before the server, which may swallow what `listen` listens to. */
  readonly onPooler?: () => void;
}

/** Something that runs a statement: the pool, or one connection within a transaction. */
export interface Queryable {
  /**
   * Runs a statement and gives its rows.
   *
   * @param deadlineMs - when to give up and destroy the connection; default 10 s
   */
  rows<Row extends QueryResultRow>(
    text: string,
    values?: readonly unknown[],
    deadlineMs?: number,
  ): Promise<Row[]>;
  /** Runs a text of several statements. */
  script(text: string, deadlineMs: number): Promise<void>;
}

/** The database of the application. */
export interface Database extends Queryable {
  readonly pool: Pool;
  /** A connection outside of the pool, made when it is needed. */
  readonly dedicated: DedicatedConnection;
  /** Runs `work` in one transaction on one connection; rolls back when it throws. */
  transaction<Result>(work: (connection: Queryable) => Promise<Result>): Promise<Result>;
  /**
   * Calls `onMessage` for every `NOTIFY` on `channel` from now on, on a connection of its own, and each time that the
   * connection has been made anew: something may have been missed.
   */
  listen(channel: string, onMessage: () => void): void;
  /**
   * Whether a listening connection was cut alone, and listens no more: what happens then is told to nobody. One that ends
   * with the line is one of a database that is away.
   */
  isListenerCut(): boolean;
  /** Lets go of every connection, of one that hangs too. */
  close(): Promise<void>;
}

/** At 8 s the server is asked to end a statement, so that it is the server that reports it; at 10 s we no longer believe it will. */
const CANCELLED_AT_MS = 8_000;
const QUERY_TIMEOUT_MS = 10_000;
/** A goodbye on a healthy connection takes one round trip; a frozen server never answers it. */
const GOODBYE_MS = 500;
/** Connections kept warm: a look-up has 200 ms, and a new connection costs several round trips and a key derivation. */
const WARM = 2;
/** Connections of one server that ends are lost within this time; a question that is not answered takes longer. */
const TOGETHER_MS = 500;

/** Opens a pool; connections are made when they are needed. */
export function createDatabase({
  url,
  poolSize,
  connectTimeoutMs,
  onError,
  onPooler = () => undefined,
}: PostgresOptions): Database {
  const pool = new Pool({
    connectionString: url,
    application_name: 'portal',
    max: poolSize,
    min: Math.min(WARM, poolSize),
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: QUERY_TIMEOUT_MS,
    keepAlive: true,
  });
  pool.on('error', onError);

  const canceller = createCanceller(pool.options);
  const line = createDedicatedConnection({ url, connectTimeoutMs, onError });
  const listeners: ChannelListener[] = [];
  const open = new Set<PoolClient>();
  pool.on('connect', (client) => open.add(client));
  pool.on('remove', (client) => open.delete(client));

  return {
    pool,
    dedicated: line,
    ...queryable({ canceller, onError }, pool),
    async transaction(work) {
      const client = await pool.connect();
      // While a connection is out of the pool, nobody else listens to it.
      client.on('error', onError);
      let broken: Error | undefined;
      try {
        await client.query('BEGIN');
        const result = await work(queryable({ canceller, onError }, client));
        await client.query('COMMIT');
        return result;
      } catch (error) {
        await client.query('ROLLBACK').catch((rollbackError: Error) => {
          broken = rollbackError;
        });
        throw error;
      } finally {
        client.off('error', onError);
        client.release(broken);
      }
    },
    listen(channel, onMessage) {
      listeners.push(createListener({ url, channel, connectTimeoutMs, onMessage, onError, onPooler }));
    },
    isListenerCut: () =>
      listeners.some((listener) => {
        const cutAtMs = listener.cutAtMs();
        return cutAtMs !== undefined && (line.lostAtMs() ?? Infinity) > cutAtMs + TOGETHER_MS;
      }),
    async close() {
      line.close();
      canceller.close();
      for (const listener of listeners) listener.close();
      const ended = pool.end();
      const timer = setTimeout(() => {
        for (const client of open) client.connection.stream.destroy();
      }, GOODBYE_MS);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** SQLSTATEs that say nothing about a statement and pass: connection, read-only, conflicts, resources, the operator. */
const PASSING = /^(08|25006|40|53|55|57|58)/;

/**
 * What `work` gives; where the database cannot be asked, a refusal for now instead of a bug.
 *
 * @throws PortalError of the kind `unavailable`
 */
export async function whileReachable<Result>(work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    const code = errorCode(error);
    const isOurs = error instanceof PortalError || error instanceof TypeError;
    if (isOurs || (/^[0-9A-Z]{5}$/.test(code) && !PASSING.test(code))) throw error;
    throw new PortalError('unavailable', undefined, { cause: error });
  }
}

/** `query_timeout` of a single statement is missing from the types of the driver. */
interface BoundedQuery extends QueryConfig<unknown[]> {
  readonly query_timeout: number;
}

interface Circumstances {
  readonly canceller: Canceller;
  readonly onError: (error: unknown) => void;
}

function queryable({ canceller, onError }: Circumstances, on: Pool | PoolClient): Queryable {
  async function runOn<Row extends QueryResultRow>(client: PoolClient, query: BoundedQuery) {
    const { query_timeout: deadlineMs } = query;
    const ended = canceller.later(client, deadlineMs > QUERY_TIMEOUT_MS ? deadlineMs : CANCELLED_AT_MS);
    try {
      const result = await client.query<Row>(query);
      ended();
      return result;
    } catch (error) {
      // Only the server's own word says that it does no more for it.
      if (/^[0-9A-Z]{5}$/.test(errorCode(error))) ended();
      throw error;
    }
  }

  async function run<Row extends QueryResultRow>(
    text: string,
    values: readonly unknown[],
    deadlineMs: number,
  ) {
    const query: BoundedQuery = { text, values: [...values], query_timeout: deadlineMs };
    if (!(on instanceof Pool)) return runOn<Row>(on, query);
    const client = await on.connect();
    // While a connection is out of the pool, nobody else listens to it.
    client.on('error', onError);
    let failed = true;
    try {
      const result = await runOn<Row>(client, query);
      failed = false;
      return result;
    } finally {
      client.off('error', onError);
      client.release(failed);
    }
  }

  return {
    async rows<Row extends QueryResultRow>(
      text: string,
      values: readonly unknown[] = [],
      deadlineMs = QUERY_TIMEOUT_MS,
    ) {
      const { rows } = await run<Row>(text, values, deadlineMs);
      return rows;
    },
    async script(text, deadlineMs) {
      await run(text, [], deadlineMs);
    },
  };
}
