/**
 * Databases and caches with their probes. Most of the library is needed only by these, so it is published as a file of its
 * own, which is read when the first of them is named.
 */
import { DEFAULTS } from './defaults.js';
import type { CacheOptions, DatabaseOptions } from './health-options.js';
import { createLazyProbe } from './probes/lazy-probe.js';
import { createFollowUps } from './probes/postgres/follow-ups.js';
import { createPostgresProbe, type PostgresPool } from './probes/postgres/postgres.js';
import { isPostgresJs } from './probes/postgres/postgres-js.js';
import { createRedisFollow } from './probes/redis/redis-follow.js';
import { createRedisProbe, type RedisClient } from './probes/redis/redis.js';
import type { CacheFigures } from './statistics/cache-figures.js';
import { createPoolMonitor } from './statistics/pool-monitor.js';
import type { Probe } from './types.js';
import type { Watched } from './watched-type.js';

/** @throws TypeError when `pool` can be no pool */
export function watchedDatabase(
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

/**
 * Nothing where no cache is configured.
 *
 * @throws TypeError when `client` can be no client
 */
export function watchedCache(name: string, options: CacheOptions): Watched | undefined {
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
