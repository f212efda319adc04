/**
 * Reads the text of an `INFO`: the figures to publish, and what it says about writes. Servers that speak the protocol of
 * Redis (Valkey, KeyDB, Dragonfly) write it with more or fewer lines; what is not there is not measured.
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

/** What one `INFO` says. */
export interface CacheReading {
  readonly figures: CacheFigures;
  /** The server reads its data from disk and answers nothing else yet. */
  readonly loading: boolean;
  /** A replica that refuses writes. */
  readonly readOnly: boolean;
  /** The memory allowed is used up and nothing may be evicted. */
  readonly outOfMemory: boolean;
}

/** An `INFO` has some kilobytes; of one that has more than this many characters, the rest is not read. */
const LONGEST_INFO = 1_000_000;

/** Reads the answer to an `INFO`; `undefined` when it is none. */
export function readInfo(answer: unknown): CacheReading | undefined {
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
  };
}

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

/** The lines `name:value`. A last line without its end was cut off, and half a number is a wrong one. */
function fieldsOf(info: string): Map<string, string> {
  const fields = new Map<string, string>();
  let start = 0;
  for (let end = info.indexOf('\n'); end !== -1; end = info.indexOf('\n', start)) {
    const line = info.slice(start, info[end - 1] === '\r' ? end - 1 : end);
    start = end + 1;
    const colon = line.indexOf(':');
    if (colon <= 0 || line.startsWith('#')) continue;
    const name = line.slice(0, colon);
    if (!fields.has(name)) fields.set(name, line.slice(colon + 1));
  }
  return fields;
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

/** A figure of a line such as `keys=200,expires=0,avg_ttl=0`. */
function figureIn(figures: string, name: string): number | null {
  const prefix = `${name}=`;
  const entry = figures.split(',').find((part) => part.startsWith(prefix));
  return figureOf(entry?.slice(prefix.length));
}

/** A finite number that is not negative; anything else is no figure. */
function figureOf(text: string | undefined): number | null {
  if (text === undefined || !/^\d+(\.\d+)?$/.test(text)) return null;
  const figure = Number(text);
  return Number.isFinite(figure) ? figure : null;
}

/** The sum; not measured when one of them is not. */
function total(figures: readonly (number | null)[]): number | null {
  return figures.reduce<number | null>(
    (sum, figure) => (sum === null || figure === null ? null : sum + figure),
    0,
  );
}
