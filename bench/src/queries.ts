/** What a contender sent to the stores, counted by the stores themselves. */
import type { PostgresServer, RedisServer } from 'portal-test-kit';

/** Queries at Postgres and commands at Redis, without those of the counting itself. */
export interface QueryCounts {
  readonly queries: number;
  readonly commands: number;
}

/** Commands that this counter sends too, when it connects. */
const BEGINS_A_CONNECTION: ReadonlySet<string> = new Set(['client|setinfo', 'hello', 'auth']);

/** Everything either server has executed for clients other than this counter. */
export async function countQueries(postgres: PostgresServer, redis: RedisServer): Promise<QueryCounts> {
  const [row] = await postgres.query(
    `SELECT coalesce(sum(calls), 0)::int AS queries FROM pg_stat_statements WHERE query NOT LIKE '%pg_stat_statements%'`,
  );
  let commands = 0;
  for (const [name, calls] of await redis.calls()) if (!BEGINS_A_CONNECTION.has(name)) commands += calls;
  return { queries: Number(row?.['queries'] ?? 0), commands };
}
