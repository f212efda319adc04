/**
 * What is kept of every report, and how one sample is made of it.
 */
import type { HealthSnapshot, Report, Status } from 'portal-health';

/** The figures, in the order in which their columns lie in the file. One that is added goes to the end. */
export const SERIES = [
  'database_latency_ms',
  'cache_latency_ms',
  'pool_checked_in',
  'pool_checked_out',
  'pool_waiting',
  'cache_hit_rate',
  'cache_memory_usage_bytes',
  'cache_connected_clients',
  'cache_commands_per_second',
] as const;

/** One of them. */
export type SeriesName = (typeof SERIES)[number];

/** The statuses, the better before the worse: in the file they are numbers, so that the greatest is the worst. */
export const STATUSES: readonly Status[] = ['healthy', 'degraded', 'unhealthy'];

/** How things stood at one moment. */
export interface StoredSample {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Place in `STATUSES`. */
  readonly status: number;
  /** In the order of `SERIES`; `null` where nothing was measured. */
  readonly values: readonly (number | null)[];
}

/** Makes samples. It remembers the last count of commands, of which only the difference says anything. */
export interface Sampling {
  sample(report: Report, facts: HealthSnapshot, at: Date): StoredSample;
}

interface Counted {
  readonly commands: number;
  readonly atMs: number;
}

/** Begins without a count. */
export function createSampling(): Sampling {
  let counted: Counted | undefined;
  let perSecond: number | null = null;

  /** Commands in a second between the last two looks at the cache. */
  function commandRate(facts: HealthSnapshot): number | null {
    const commands = facts.cacheStatistics.total_commands_processed;
    const atMs = facts.components.find(({ name }) => name === 'cache')?.checkedAt?.getTime();
    if (commands === null || atMs === undefined) {
      counted = undefined;
      perSecond = null;
      return null;
    }
    if (counted?.atMs === atMs) return perSecond;
    // A server that has started anew counts from the start, and a clock that was set back measures no time.
    perSecond =
      counted && commands >= counted.commands && atMs > counted.atMs
        ? Math.round(((commands - counted.commands) * 10_000) / (atMs - counted.atMs)) / 10
        : null;
    counted = { commands, atMs };
    return perSecond;
  }

  return {
    sample(report, facts, at) {
      const { db_statistics: pool, cache_statistics: cache } = report;
      const values: Readonly<Record<SeriesName, number | null>> = {
        database_latency_ms: pool.latency_ms,
        cache_latency_ms: cache.latency_ms,
        pool_checked_in: pool.checked_in,
        pool_checked_out: pool.checked_out,
        pool_waiting: facts.poolWaiting,
        cache_hit_rate: cache.hit_rate,
        cache_memory_usage_bytes: cache.memory_usage_bytes,
        cache_connected_clients: cache.connected_clients,
        cache_commands_per_second: commandRate(facts),
      };
      return {
        at: at.getTime(),
        status: STATUSES.indexOf(report.status),
        values: SERIES.map((name) => values[name]),
      };
    },
  };
}
