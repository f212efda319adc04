/**
 * What a contender asked of the stores, counted by the stores themselves.
 */
import type { PostgresServer, RedisServer } from 'portal-test-kit';

/** Queries at Postgres and commands at Redis, without those of the counting itself. */
export interface Asked {
  readonly queries: number;
  readonly commands: number;
}

/** Everything either server has executed for clients other than this counter. */
export async function countAsked(postgres: PostgresServer, redis: RedisServer): Promise<Asked> {
  const [row] = await postgres.query(
    `SELECT coalesce(sum(calls), 0)::int AS queries FROM pg_stat_statements WHERE query NOT LIKE '%pg_stat_statements%'`,
  );
  const stats = String(await redis.command('INFO', 'commandstats'));
  let commands = 0;
  for (const [, name, calls] of stats.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)) {
    // `INFO commandstats` is this counter's own way of asking; the probes ask `INFO`, counted by its section below.
    if (name === 'client|setinfo' || name === 'hello' || name === 'auth') continue;
    commands += Number(calls);
  }
  return { queries: Number(row?.['queries'] ?? 0), commands };
}
