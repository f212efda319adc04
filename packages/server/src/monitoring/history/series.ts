/**
 * What a sample consists of.
 */
import type { Status } from 'portal-health';

/** In the order of their columns in the file: a new one goes to the end. */
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

export type SeriesName = (typeof SERIES)[number];

/** From best to worst: the file has their places, so that the greatest is the worst. */
export const STATUSES: readonly Status[] = ['healthy', 'degraded', 'unhealthy'];

export interface StoredSample {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Place in `STATUSES`. */
  readonly status: number;
  /** In the order of `SERIES`; `null` where nothing was measured. */
  readonly values: readonly (number | null)[];
}
