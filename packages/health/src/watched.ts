/**
 * From the options to the probes: everything that is watched, each by its name.
 */
import type { CheckOptions, HealthOptions } from './health-options.js';
import { createCheckProbe } from './probes/custom.js';
import { watchedCache, watchedDatabase } from './watched-stores.js';
import type { Watched } from './watched-type.js';

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
