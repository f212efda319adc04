/**
 * A connection of the probe's own to a server of Postgres, whatever driver makes it: good for one query.
 */
import { member } from '../../unknown.js';

export interface FreshPostgresConnection {
  /**
   * Connects, logs in and asks; rejects with what the driver reports. Hangs up then, unless it `stays` for more, until `end`.
   */
  query(stays?: boolean): Promise<ProbeResult>;
  /** Connects unless it has, and runs one text of SQL; resolves with its rows, of several statements the last there are. */
  run(text: string): Promise<unknown>;
  /** The backend that the server said it is; a pooler invents one. `undefined` before the login. */
  processId(): number | undefined;
  /** Says goodbye, so that the server does not log a lost connection, but does not wait for it to answer. */
  end(): void;
  /** Asks the server, over another connection, to end what this one is busy with; also after `destroy`. */
  cancel(): void;
  /** Whether it still waits for the address that belongs to the server's name. */
  isLookingUp(): boolean;
  /** Closes the socket at once, however far the connection has come. */
  readonly destroy: () => void;
}

/** What is asked over the connection of a run that has its answer: no part of its latency, nor of its outcome. */
export interface FollowUp {
  readonly isDue: () => boolean;
  /** Has the connection from now on, and ends it. Never rejects. */
  take(connection: FreshPostgresConnection): Promise<void>;
}

/** The answer, and the round trip of the question alone in milliseconds. */
export interface ProbeResult {
  /** Whether writes are refused; `undefined` when what came is no answer. */
  readonly readOnly: boolean | undefined;
  readonly latencyMs: number;
  /** Milliseconds that went by before this server was asked, as there are several and others come first. */
  readonly waitedMs?: number;
}

/**
 * Reachable and writable in one question: a standby in recovery answers `on`, and so does a server, database or role
 * whose `default_transaction_read_only` is set. It reads no table, so no lock delays it.
 * libpq asked the same for `target_session_attrs=read-write`.
 */
export const PROBE_QUERY = 'SHOW transaction_read_only';

/** The answer in the first of `rows`; `undefined` when what came is none. */
export function readOnlyIn(rows: unknown): boolean | undefined {
  const row = member(member(rows, '0'), 'transaction_read_only');
  return row === 'on' ? true : row === 'off' ? false : undefined;
}

/** The rows in what a driver resolves with: of several statements those of the last that has any. */
export function rowsIn(result: unknown, rowsOf: (one: unknown) => unknown): unknown {
  const results: readonly unknown[] = Array.isArray(result) ? result : [result];
  return results.map(rowsOf).findLast((rows) => Array.isArray(rows) && rows.length > 0) ?? [];
}

export function processIdIn(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
