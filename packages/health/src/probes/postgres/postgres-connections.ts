/**
 * Connections like those of a pool, whichever driver made it.
 */
import { optionError } from 'portal-shared/check-options';
import { DEFAULTS } from '../../defaults.js';
import { createConnectionWatch, type ConnectionWatch } from '../connection-watch.js';
import { createOpenCall, type OpenCall } from '../own-problems.js';
import type { FreshPostgresConnection } from './fresh-postgres-connection.js';
import { pgConnections } from './pg.js';
import { isPostgresJs, postgresJsConnections, type PostgresJsFunction } from './postgres-js.js';

interface Circumstances {
  readonly postgres: PostgresJsFunction | undefined;
  readonly passwords: OpenCall;
  readonly watch: ConnectionWatch;
  readonly deadlineMs: number;
  /** Where to, if not to where the pool connects. */
  readonly connectionString?: string | undefined;
}

/** @throws TypeError when `pool` is none that we know, or is of postgres.js and comes without its function */
export function postgresConnections(
  pool: unknown,
  circumstances: Circumstances,
): () => FreshPostgresConnection {
  const { postgres, passwords, watch, connectionString } = circumstances;
  if (isPostgresJs(pool)) {
    if (typeof postgres === 'function') return postgresJsConnections(pool, postgres, circumstances);
    throw optionError(
      'database.postgres',
      'to be the function that made the pool, as it is of postgres.js',
      postgres,
    );
  }
  const connections = pgConnections(pool, passwords, watch, connectionString);
  if (connections === undefined) {
    throw optionError('database.pool', 'to be a Pool or Client of pg, or an instance of postgres.js', pool);
  }
  return connections;
}

export interface ConnectionLikeOptions {
  readonly postgres?: PostgresJsFunction;
  readonly deadlineMs?: number;
}

/** One like those of `pool`, or to another URL by the same driver; `undefined` without a pool. */
export function connectionLike(
  pool: object | undefined,
  { postgres, deadlineMs = DEFAULTS.deadlineMs }: ConnectionLikeOptions,
  connectionString?: string,
): FreshPostgresConnection | undefined {
  if (pool === undefined) return undefined;
  const own = { passwords: createOpenCall(), watch: createConnectionWatch() };
  return postgresConnections(pool, { postgres, deadlineMs, connectionString, ...own })();
}
