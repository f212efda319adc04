/**
 * What is known of a cache, and what of it is published.
 */
import type { CacheStatistics } from '../types.js';

/** Figures of one server, or of all masters of a cluster together; `null` is "not measured". */
export interface CacheFigures {
  readonly memoryBytes: number | null;
  /** Keys in all databases. */
  readonly keys: number | null;
  readonly clients: number | null;
  /** Since the start of the server that was started last. */
  readonly uptimeSeconds: number | null;
  readonly evictedKeys: number | null;
  readonly hits: number | null;
  readonly misses: number | null;
  readonly commands: number | null;
}

/** `cache_statistics` without the latency, which the server does not know. */
export function cacheStatistics(figures: CacheFigures): Omit<CacheStatistics, 'latency_ms'> {
  return {
    memory_usage_bytes: figures.memoryBytes,
    total_keys: figures.keys,
    connected_clients: figures.clients,
    uptime_seconds: figures.uptimeSeconds,
    evicted_keys: figures.evictedKeys,
    hit_rate: hitRate(figures),
    total_commands_processed: figures.commands,
  };
}

/** Percent with one decimal; `null` before the first look-up, when there is no rate. */
function hitRate({ hits, misses }: CacheFigures): number | null {
  if (hits === null || misses === null || hits + misses === 0) return null;
  return Math.round((hits / (hits + misses)) * 1_000) / 10;
}
