/**
 * From the options to the probes: everything that is watched, each by its name.
 */
import { DEFAULTS } from './defaults.js';
import type {
  CacheOptions,
  CheckOptions,
  DatabaseOptions,
  HealthOptions,
  SamplingOptions,
} from './health-options.js';
import { createCheckProbe } from './probes/custom.js';
import { createLazyProbe } from './probes/lazy-probe.js';
import { createFollowUps, type FollowUps } from './probes/postgres/follow-ups.js';
import { createPostgresProbe, type PostgresPool } from './probes/postgres/postgres.js';
import { isPostgresJs } from './probes/postgres/postgres-js.js';
import { createRedisFollow, type RedisFollow } from './probes/redis/redis-follow.js';
import { createRedisProbe, type RedisClient } from './probes/redis/redis.js';
import type { ComponentType } from './report.js';
import type { CacheFigures } from './statistics/cache.js';
import { createPoolMonitor, type PoolMonitor } from './statistics/pool-monitor.js';
import type { Probe } from './types.js';

/** What a probe may have read besides. */
export type AnyFigures = CacheFigures | undefined;

/** Something that is watched. */
export interface Watched {
  readonly name: string;
  readonly kind: ComponentType;
  readonly critical: boolean;
  readonly sampling: SamplingOptions;
  readonly probe: Probe<AnyFigures>;
  /** The application's own pool, of a database. */
  readonly pool?: PoolMonitor;
  /** Of a database that is to be explained: what is asked over connections of its probe. */
  readonly followUps?: FollowUps;
  /** Of a cache that is to be explained: who follows what its probe reads. */
  readonly follow?: RedisFollow;
}

/**
 * Everything that `options` name, databases and caches first, the short forms before the others.
 *
 * @param onSign - told of every sign that the pool of a database gives
 * @throws TypeError when something given can be no pool, client or check
 */
export function watchedOf(options: HealthOptions, onSign: (name: string) => void): readonly Watched[] {
  const { database, databases = {}, cache, caches = {}, checks = {} } = options;
  const begins: (() => void)[] = [];
  const watched = [
    ...Object.entries({ ...(database && { database }), ...databases }).map(([name, one]) =>
      watchedDatabase(name, one, { onSign: () => onSign(name), begins }),
    ),
    ...Object.entries({ ...(cache && { cache }), ...caches }).flatMap(
      ([name, one]) => watchedCache(name, one) ?? [],
    ),
    ...Object.entries(checks).map(([name, entry]): Watched => {
      const check: CheckOptions = typeof entry === 'function' ? { check: entry } : entry;
      const probe = createCheckProbe({ name, ...check });
      return { name, kind: 'check', critical: check.critical ?? false, sampling: check, probe };
    }),
  ];
  // Not before everything has been looked at: whoever gave something of no use is left with no listener on a pool.
  for (const begin of begins) begin();
  return watched;
}

/** Names of the caches that are wanted and not configured, and whether the application can do without. */
export function missingCaches({
  cache,
  caches = {},
}: HealthOptions): readonly (readonly [string, boolean])[] {
  return Object.entries({ ...(cache && { cache }), ...caches })
    .filter(([, { client }]) => client === null)
    .map(([name, { critical = DEFAULTS.cacheIsCritical }]) => [name, critical]);
}

function watchedDatabase(
  name: string,
  options: DatabaseOptions,
  { onSign, begins }: { readonly onSign: () => void; readonly begins: (() => void)[] },
): Watched {
  const {
    pool: given,
    critical = DEFAULTS.databaseIsCritical,
    poolSaturatedAfterMs,
    poolStalledAfterMs,
  } = options;
  const pool = createPoolMonitor({
    onChange: onSign,
    ...(poolSaturatedAfterMs !== undefined && { poolSaturatedAfterMs }),
    ...(poolStalledAfterMs !== undefined && { poolStalledAfterMs }),
  });
  const followUps = options.explain ? createFollowUps() : undefined;
  const asked = { ...options, ...(followUps && { followUp: followUps }) };
  const make = (one: PostgresPool): Probe => createPostgresProbe({ ...asked, pool: one });
  const base = { name, kind: 'database', critical, sampling: options, pool } as const;
  const watched = { ...base, ...(followUps && { followUps }) };
  if (isGiver(given)) {
    const notReady = 'DATABASE_NOT_READY';
    return {
      ...watched,
      probe: createLazyProbe({ name, give: given, make, notReady, onGiven: pool.follow }),
    };
  }
  const probe = named(name, make(given));
  begins.push(() => pool.follow(given));
  return { ...watched, probe };
}

function watchedCache(name: string, options: CacheOptions): Watched | undefined {
  const { client, critical = DEFAULTS.cacheIsCritical } = options;
  if (client === null) return undefined;
  const follow = options.explain ? createRedisFollow() : undefined;
  const followed = { ...options, ...(follow && { follow }) };
  const make = (one: RedisClient): Probe<CacheFigures> => createRedisProbe({ ...followed, client: one });
  const base = { name, kind: 'cache', critical, sampling: options } as const;
  const watched = { ...base, ...(follow && { follow }) };
  if (isGiver(client)) {
    return { ...watched, probe: createLazyProbe({ name, give: client, make, notReady: 'CACHE_NOT_READY' }) };
  }
  return { ...watched, probe: named(name, make(client)) };
}

function named<Figures>(name: string, probe: Probe<Figures>): Probe<Figures> {
  return { ...probe, name };
}

/** An instance of postgres.js is a function too, and no giver. */
function isGiver(value: unknown): value is () => unknown {
  return typeof value === 'function' && !isPostgresJs(value);
}
