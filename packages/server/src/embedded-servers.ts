/**
 * The servers of our own, for what no URL is given for.
 */
import type { Config } from './config/env.js';
import { startEmbeddedPostgres, type EmbeddedPostgres } from 'portal-dev-servers/postgres';
import { startEmbeddedRedis, type EmbeddedRedis } from 'portal-dev-servers/redis';
import { OperatorError } from './errors.js';

/** What to start, and whom to tell. */
export interface EmbeddedServersOptions {
  readonly config: Pick<Config, 'databaseUrl' | 'redisUrl' | 'fetchRedis'>;
  readonly dataDir: string;
  readonly print: (line: string) => void;
  /** Gets one step for every server that has started, also when another has not. */
  readonly undo: (() => unknown)[];
}

/** Those that were started; no Redis is to be had everywhere. */
export interface EmbeddedServers {
  readonly postgres: EmbeddedPostgres | undefined;
  readonly redis: EmbeddedRedis | undefined;
}

/**
 * Starts what is missing, both at once.
 *
 * @throws OperatorError when a database cannot be had
 */
export async function startEmbeddedServers({
  config,
  dataDir,
  print: say,
  undo,
}: EmbeddedServersOptions): Promise<EmbeddedServers> {
  const [postgres, redis] = await Promise.allSettled([
    config.databaseUrl === undefined ? startEmbeddedDatabase(dataDir, say) : undefined,
    config.redisUrl === undefined
      ? startEmbeddedRedis({ dataDir, fetch: config.fetchRedis, announce: say })
      : undefined,
  ]);
  for (const start of [postgres, redis]) {
    if (start.status === 'fulfilled' && start.value) undo.push(() => start.value?.close());
  }
  if (postgres.status === 'rejected') throw postgres.reason;
  if (redis.status === 'rejected') throw redis.reason;
  return { postgres: postgres.value, redis: redis.value };
}

/**
 * Starts the database in `dataDir`.
 *
 * @throws OperatorError when it cannot be had: that is always for the operator to mend
 */
export async function startEmbeddedDatabase(
  dataDir: string,
  say: (line: string) => void,
): Promise<EmbeddedPostgres> {
  try {
    return await startEmbeddedPostgres({ dataDir, announce: say });
  } catch (error) {
    throw new OperatorError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
