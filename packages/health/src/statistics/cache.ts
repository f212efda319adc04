/**
 * Reads the text of an `INFO`: the figures to publish, and what it says about writes. Servers that speak the protocol of
 * Redis (Valkey, KeyDB, Dragonfly) write it with more or fewer lines; what is not there is not measured.
 */
import { readCacheFacts, type CacheFacts } from './cache-facts.js';
import type { CacheFigures } from './cache-figures.js';
import { fieldsOf, figureIn, figureOf } from './info-fields.js';

/** What one `INFO` says. */
export interface CacheInfo {
  readonly figures: CacheFigures;
  /** The server reads its data from disk and answers nothing else yet. */
  readonly loading: boolean;
  /** A replica that refuses writes. */
  readonly readOnly: boolean;
  /** The memory allowed is used up and nothing may be evicted. */
  readonly outOfMemory: boolean;
  /** One of several that share the keys: there is more to ask. */
  readonly isOfCluster: boolean;
  readonly errorCounters: ErrorCounters;
  /** What reasons are made of. */
  readonly facts: CacheFacts;
}

/** What an `INFO` says about work that the server refuses. */
export interface ErrorCounters {
  /** Another one after a restart, or at another server. */
  readonly runId: string | undefined;
  /** How often each word was answered since the start or `CONFIG RESETSTAT`; empty before Redis 6.2. */
  readonly replied: ReadonlyMap<string, number>;
  /** The last save, or the last writing of the append-only file, failed: `MISCONF`, unless it is told to go on. */
  readonly saveFailed: boolean;
  /** Writes since the last save. */
  readonly changes: number | null;
  /** Replicas near enough, told only where a number of them is asked for: `NOREPLICAS` when there are fewer. */
  readonly goodReplicas: number | null;
  /** A replica without its master: `MASTERDOWN`, unless it may serve old data. */
  readonly masterIsAway: boolean;
}

/** An `INFO` has some kilobytes; of one that has more than this many characters, the rest is not read. */
const LONGEST_INFO = 1_000_000;

/** Reads the answer to an `INFO`; `undefined` when it is none. */
export function readInfo(answer: unknown): CacheInfo | undefined {
  if (typeof answer !== 'string') return undefined;
  const info = answer.slice(0, LONGEST_INFO);
  const fields = fieldsOf(info);
  const memoryBytes = figureOf(fields.get('used_memory'));
  const uptimeSeconds = figureOf(fields.get('uptime_in_seconds'));
  if (memoryBytes === null && uptimeSeconds === null) return undefined;

  const databases = [...fields].filter(([name]) => /^db\d+$/.test(name)).map(([, figures]) => figures);
  const maxMemoryBytes = figureOf(fields.get('maxmemory')) ?? 0;
  const full = maxMemoryBytes > 0 && memoryBytes !== null && memoryBytes >= maxMemoryBytes;
  const role = fields.get('role');
  return {
    figures: {
      memoryBytes,
      keys: hasWholeKeyspace(info) ? total(databases.map((figures) => figureIn(figures, 'keys'))) : null,
      clients: figureOf(fields.get('connected_clients')),
      uptimeSeconds,
      evictedKeys: figureOf(fields.get('evicted_keys')),
      hits: figureOf(fields.get('keyspace_hits')),
      misses: figureOf(fields.get('keyspace_misses')),
      commands: figureOf(fields.get('total_commands_processed')),
    },
    loading: fields.get('loading') === '1',
    readOnly:
      (role === 'slave' || role === 'replica') &&
      (fields.get('slave_read_only') ?? fields.get('replica_read_only')) !== '0',
    outOfMemory: full && evictsNothing(fields.get('maxmemory_policy'), databases),
    isOfCluster: fields.get('cluster_enabled') === '1',
    errorCounters: {
      runId: fields.get('run_id'),
      replied: repliesIn(fields),
      saveFailed:
        fields.get('rdb_last_bgsave_status') === 'err' || fields.get('aof_last_write_status') === 'err',
      changes: figureOf(fields.get('rdb_changes_since_last_save')),
      goodReplicas: figureOf(
        fields.get('min_slaves_good_slaves') ?? fields.get('min_replicas_good_replicas'),
      ),
      masterIsAway: fields.get('master_link_status') === 'down',
    },
    facts: readCacheFacts(fields, databases),
  };
}

const ALL_SLOTS = 16_384;

/** Whether the answer to `CLUSTER INFO` says that keys are refused: all, or those of slots that nobody serves. */
export function isClusterDown(answer: unknown): boolean {
  if (typeof answer !== 'string') return false;
  const fields = fieldsOf(`${answer}\n`);
  const assigned = figureOf(fields.get('cluster_slots_assigned')) ?? ALL_SLOTS;
  const failed = figureOf(fields.get('cluster_slots_fail')) ?? 0;
  return fields.get('cluster_state') === 'fail' || assigned < ALL_SLOTS || failed > 0;
}

/** How many masters share the keys, by the answer to `CLUSTER INFO`; `null` when that does not tell. */
export function mastersIn(answer: unknown): number | null {
  return typeof answer === 'string' ? figureOf(fieldsOf(`${answer}\n`).get('cluster_size')) : null;
}

/** Lines such as `errorstat_MISCONF:count=7`. */
function repliesIn(fields: ReadonlyMap<string, string>): Map<string, number> {
  const answered = new Map<string, number>();
  for (const [name, figures] of fields) {
    const word = /^errorstat_([A-Z]{1,32})$/.exec(name)?.[1];
    const count = word === undefined ? null : figureIn(figures, 'count');
    if (word !== undefined && count !== null) answered.set(word, count);
  }
  return answered;
}

/** The figures of a server that tells none. */
export const NO_FIGURES: CacheFigures = Object.freeze({
  memoryBytes: null,
  keys: null,
  clients: null,
  uptimeSeconds: null,
  evictedKeys: null,
  hits: null,
  misses: null,
  commands: null,
});

/** The figures of a cluster: all masters together, but the uptime of the one that was started last. */
export function addUp(masters: readonly CacheFigures[]): CacheFigures {
  const totalOf = (name: keyof CacheFigures): number | null => total(masters.map((figures) => figures[name]));
  const uptimes = masters.map(({ uptimeSeconds }) => uptimeSeconds).filter((uptime) => uptime !== null);
  return {
    memoryBytes: totalOf('memoryBytes'),
    keys: totalOf('keys'),
    clients: totalOf('clients'),
    uptimeSeconds: uptimes.length === masters.length && uptimes.length > 0 ? Math.min(...uptimes) : null,
    evictedKeys: totalOf('evictedKeys'),
    hits: totalOf('hits'),
    misses: totalOf('misses'),
    commands: totalOf('commands'),
  };
}

/** The keyspace comes last. A server without keys writes its heading and nothing below; one cut off, no end. */
function hasWholeKeyspace(info: string): boolean {
  return /^# Keyspace\r?$/m.test(info) && info.endsWith('\n');
}

/** Also a policy that may evict keys with a time to live only evicts nothing when there are none. */
function evictsNothing(policy: string | undefined, databases: readonly string[]): boolean {
  if (policy === 'noeviction') return true;
  return (
    policy?.startsWith('volatile-') === true &&
    total(databases.map((figures) => figureIn(figures, 'expires'))) === 0
  );
}

/** The sum; not measured when one of them is not. */
function total(figures: readonly (number | null)[]): number | null {
  return figures.reduce<number | null>(
    (sum, figure) => (sum === null || figure === null ? null : sum + figure),
    0,
  );
}
