/**
 * What else an `INFO` says: what runs out, what was refused, what failed in silence. `null` is not measured.
 */
import { figureIn, figureOf } from './info-fields.js';

/** Of one server. Counts are since its start or `CONFIG RESETSTAT`. */
export interface CacheFacts {
  /** Another one after a restart, or at another server. */
  readonly runId: string | undefined;
  /** By the server's own clock, in seconds since 1970. */
  readonly serverSeconds: number | null;
  readonly memoryBytes: number | null;
  /** 0 is no limit. */
  readonly maxMemoryBytes: number | null;
  /** `noeviction`, `allkeys-lru`, … */
  readonly policy: string | undefined;
  readonly keys: number | null;
  readonly keysThatExpire: number | null;
  readonly clients: number | null;
  readonly maxClients: number | null;
  readonly rejectedConnections: number | null;
  readonly evictedKeys: number | null;
  /** How long the last fork stopped it, and how many there have been. */
  readonly forkMs: number | null;
  readonly forks: number | null;
  /** Writes that were refused because the last save failed (`MISCONF`). */
  readonly refusedForSave: number | null;
  readonly saveFailed: boolean;
  readonly appendFailed: boolean;
  /** Of a replica without its master; `null` also when that was never there. */
  readonly linkDownSeconds: number | null;
  readonly isLinkDown: boolean;
  /** Fewer replicas follow than it wants for a write. */
  readonly lacksReplicas: boolean;
}

/** @param databases - the lines of the keyspace */
export function readCacheFacts(
  fields: ReadonlyMap<string, string>,
  databases: readonly string[],
): CacheFacts {
  const figure = (name: string): number | null => figureOf(fields.get(name));
  const total = (name: string): number | null => {
    const figures = databases.map((line) => figureIn(line, name));
    return figures.includes(null) ? null : figures.reduce<number>((sum, one) => sum + (one ?? 0), 0);
  };
  const micros = figure('server_time_usec');
  const fork = figure('latest_fork_usec');
  return {
    runId: fields.get('run_id'),
    serverSeconds: micros === null ? null : micros / 1_000_000,
    memoryBytes: figure('used_memory'),
    maxMemoryBytes: figure('maxmemory'),
    policy: fields.get('maxmemory_policy'),
    keys: total('keys'),
    keysThatExpire: total('expires'),
    clients: figure('connected_clients'),
    maxClients: figure('maxclients'),
    rejectedConnections: figure('rejected_connections'),
    evictedKeys: figure('evicted_keys'),
    forkMs: fork === null ? null : fork / 1_000,
    forks: figure('total_forks'),
    refusedForSave: figureIn(fields.get('errorstat_MISCONF') ?? '', 'count'),
    saveFailed: fields.get('rdb_last_bgsave_status') === 'err',
    appendFailed: fields.get('aof_last_write_status') === 'err',
    linkDownSeconds: figure('master_link_down_since_seconds'),
    isLinkDown: fields.get('master_link_status') === 'down',
    lacksReplicas: figure('min_slaves_good_slaves') === 0 || figure('min_replicas_good_replicas') === 0,
  };
}
