/**
 * What two readings of `INFO` show: pure, and only what passes a threshold. Counts are compared with those of the reading
 * before; one that fell begins anew.
 */
import type { RedisReading } from '../../probes/redis/redis-follow.js';
import type { CacheFacts } from '../../statistics/cache-facts.js';
import type { Figures, Sighting } from '../sighting.js';

const THRESHOLDS = {
  memoryPercent: 90,
  fullWithinMs: 30 * 60_000,
  /** A slope of less than a minute is noise. */
  slopeMs: 60_000,
  forkMs: 500,
  clientsPercent: 90,
  /** "> 0" is true of every cache that evicts as it should. */
  evictedPercentPerMinute: 1,
  linkDownMs: 60_000,
} as const;

/** A server at a moment, and at the ones that it is compared with. */
export interface CacheHistory {
  readonly now: CacheFacts;
  /** The reading before; `undefined` at the first, and after a restart. */
  readonly before: CacheFacts | undefined;
  readonly sinceBeforeMs: number;
  /** One of some minutes ago, for the slope of the memory. */
  readonly earlier: CacheFacts | undefined;
  readonly sinceEarlierMs: number;
  /** How long its link has been down, by our own clock. */
  readonly linkDownMs: number;
}

type Seen = Omit<Sighting, 'component'>;

/** Of several servers, the worst of each kind. */
export function sightCache(
  servers: readonly CacheHistory[],
  problems: RedisReading['problems'],
  component: string,
): readonly Sighting[] {
  const found = [
    refused(servers, problems),
    worst(
      servers.flatMap((server) => nearlyFull(server) ?? []),
      'used_percent',
    ),
    worst(
      servers.flatMap((server) => forkPause(server) ?? []),
      'pause_ms',
    ),
    notSaved(servers, problems),
    worst(
      servers.flatMap((server) => rejected(server) ?? []),
      'rejected',
    ),
    worst(
      servers.flatMap((server) => evicts(server) ?? []),
      'per_second',
    ),
    worst(
      servers.flatMap((server) => linkDown(server) ?? []),
      'down_ms',
    ),
  ];
  return found.flatMap((seen) => (seen === undefined ? [] : [{ ...seen, component }]));
}

function worst(seen: readonly Seen[], figure: string): Seen | undefined {
  const valueOf = ({ figures }: Seen): number => Number(figures[figure] ?? 0);
  return seen.toSorted((a, b) => valueOf(b) - valueOf(a))[0];
}

/** What the probe has found of writes, with the cause that the same `INFO` shows. */
function refused(servers: readonly CacheHistory[], problems: RedisReading['problems']): Seen | undefined {
  const some = (test: (facts: CacheFacts) => boolean): boolean => servers.some(({ now }) => test(now));
  const causeIn = (): string | null => {
    if (problems.includes('CACHE_OUT_OF_MEMORY')) return 'memory';
    if (problems.includes('CACHE_READ_ONLY')) return 'replica';
    if (some(({ appendFailed }) => appendFailed)) return 'append';
    if (some(({ saveFailed }) => saveFailed)) return 'save';
    if (some(({ lacksReplicas }) => lacksReplicas)) return 'replicas';
    return some(({ isLinkDown }) => isLinkDown) ? 'replica' : null;
  };
  const isRefused = (['CACHE_OUT_OF_MEMORY', 'CACHE_WRITES_REFUSED', 'CACHE_READ_ONLY'] as const).some(
    (code) => problems.includes(code),
  );
  return isRefused ? { code: 'CACHE_WRITES_REFUSED', figures: { cause: causeIn() } } : undefined;
}

function notSaved(servers: readonly CacheHistory[], problems: RedisReading['problems']): Seen | undefined {
  const isFailed = servers.some(({ now }) => now.saveFailed || now.appendFailed);
  if (!isFailed || problems.includes('CACHE_WRITES_REFUSED')) return undefined;
  return { code: 'CACHE_NOT_SAVED', figures: {} };
}

function nearlyFull({ now, earlier, sinceEarlierMs }: CacheHistory): Seen | undefined {
  const { memoryBytes: used, maxMemoryBytes: max, keys, keysThatExpire } = now;
  if (used === null || max === null || max === 0 || !evictsNothing(now)) return undefined;
  const percent = (used / max) * 100;
  const grown = used - (earlier?.memoryBytes ?? used);
  const isSteady = sinceEarlierMs >= THRESHOLDS.slopeMs && grown > 0;
  const fullInMs = isSteady ? Math.max(0, ((max - used) / grown) * sinceEarlierMs) : null;
  const isSoon = fullInMs !== null && fullInMs <= THRESHOLDS.fullWithinMs;
  if (percent < THRESHOLDS.memoryPercent && !isSoon) return undefined;
  const forever = keys !== null && keys > 0 && keysThatExpire !== null ? keys - keysThatExpire : null;
  return {
    code: 'CACHE_NEARLY_FULL',
    figures: {
      used_percent: Math.min(100, percent),
      full_in_ms: isSoon ? Math.round(fullInMs) : null,
      without_expiry_percent: forever === null || keys === null ? null : Math.max(0, (forever / keys) * 100),
    },
  };
}

/** A policy for keys with an expiry evicts nothing when there are none. */
function evictsNothing({ policy, keysThatExpire }: CacheFacts): boolean {
  return policy === 'noeviction' || (policy?.startsWith('volatile-') === true && keysThatExpire === 0);
}

function forkPause({ now, before }: CacheHistory): Seen | undefined {
  const isNew = before !== undefined && (now.forkMs !== before.forkMs || now.forks !== before.forks);
  if (!isNew || (now.forkMs ?? 0) < THRESHOLDS.forkMs) return undefined;
  return { code: 'CACHE_FORK_PAUSE', figures: { pause_ms: Math.round(now.forkMs ?? 0) } };
}

function rejected({ now, before }: CacheHistory): Seen | undefined {
  const refusals = grownBy(now.rejectedConnections, before?.rejectedConnections);
  const { clients, maxClients } = now;
  const isNearly =
    clients !== null &&
    maxClients !== null &&
    maxClients > 0 &&
    (clients / maxClients) * 100 >= THRESHOLDS.clientsPercent;
  if (refusals === 0 && !isNearly) return undefined;
  const figures: Figures = { rejected: refusals, clients, max_clients: maxClients };
  return { code: 'CACHE_REJECTS_CONNECTIONS', figures };
}

function evicts({ now, before, sinceBeforeMs }: CacheHistory): Seen | undefined {
  const evicted = grownBy(now.evictedKeys, before?.evictedKeys);
  if (evicted === 0 || now.keys === null || sinceBeforeMs <= 0) return undefined;
  const perSecond = evicted / (sinceBeforeMs / 1_000);
  const percentPerMinute = ((perSecond * 60) / Math.max(1, now.keys)) * 100;
  if (perSecond < 1 || percentPerMinute < THRESHOLDS.evictedPercentPerMinute) return undefined;
  return { code: 'CACHE_EVICTS_FAST', figures: { per_second: Math.round(perSecond) } };
}

function linkDown({ now, linkDownMs }: CacheHistory): Seen | undefined {
  if (!now.isLinkDown) return undefined;
  const downMs = now.linkDownSeconds === null ? linkDownMs : now.linkDownSeconds * 1_000;
  return downMs < THRESHOLDS.linkDownMs
    ? undefined
    : { code: 'CACHE_LINK_DOWN', figures: { down_ms: Math.round(downMs) } };
}

/** By how much a count has grown; one that fell was reset. */
function grownBy(now: number | null, before: number | null | undefined): number {
  if (now === null || before === null || before === undefined) return 0;
  return now >= before ? now - before : now;
}
