/**
 * Finds out from the error counters of a server that it refuses work. A server that answers `INFO` may refuse every write
 * all the same: then a counter has grown since the last run. While no client tries, the cause shows that it still does.
 */
import type { ProblemCode } from '../../problems.js';
import type { ErrorCounters } from '../../statistics/cache.js';

/** Follows servers from run to run. */
export interface RedisErrorWatch {
  /**
   * What a server refuses.
   *
   * @param place - which server it is, where it does not say itself
   */
  problemsOf(counters: ErrorCounters, place: string): readonly ProblemCode[];
}

/**
 * The first words of answers that mean trouble of the server, and not a mistake of who asks, as `ERR`, `WRONGTYPE`,
 * `NOPERM` or `MOVED` do: what is wrong then, and whether the cause is still there.
 */
const WORDS: Readonly<Record<string, Word>> = {
  MISCONF: {
    problem: 'CACHE_WRITES_REFUSED',
    // A server that is set to write on refuses nothing, whatever became of its last save.
    isPossible: ({ saveFailed }) => saveFailed,
    lasts: (now, last) =>
      now.saveFailed && !((now.changes ?? 0) > (last.changes ?? Number.POSITIVE_INFINITY)),
  },
  NOREPLICAS: {
    problem: 'CACHE_WRITES_REFUSED',
    lasts: (now, last) => now.goodReplicas !== null && now.goodReplicas <= (last.goodReplicas ?? -1),
  },
  MASTERDOWN: { problem: 'CACHE_WRITES_REFUSED', lasts: ({ masterIsAway }) => masterIsAway },
  OOM: { problem: 'CACHE_OUT_OF_MEMORY' },
  CLUSTERDOWN: { problem: 'CACHE_CLUSTER_DOWN' },
};

interface Word {
  readonly problem: ProblemCode;
  /** Whether the count can mean that work is refused now; by default it does. */
  readonly isPossible?: (now: ErrorCounters) => boolean;
  /** Whether what was refused before still would be; by default it is taken to be over. */
  readonly lasts?: (now: ErrorCounters, last: ErrorCounters) => boolean;
}

/** Behind one address there may be several servers, but not many. */
const MOST_SERVERS = 1_000;

/** The first run of a server has nothing to compare its counters with, nor has the first after a reset. */
export function createRedisErrorWatch(): RedisErrorWatch {
  const servers = new Map<string, { readonly last: ErrorCounters; readonly refused: ReadonlySet<string> }>();
  return {
    problemsOf(now, place) {
      const id = now.runId ?? place;
      const before = servers.get(id);
      const refused = new Set(
        Object.entries(WORDS)
          .filter(
            ([word, entry]) => before && isFailing(word, entry, now, before.last, before.refused.has(word)),
          )
          .map(([word]) => word),
      );
      servers.delete(id);
      servers.set(id, { last: now, refused });
      for (const oldest of servers.keys()) {
        if (servers.size <= MOST_SERVERS) break;
        servers.delete(oldest);
      }
      return [...refused].flatMap((word) => WORDS[word]?.problem ?? []);
    },
  };
}

function isFailing(
  word: string,
  entry: Word,
  now: ErrorCounters,
  last: ErrorCounters,
  wasRefused: boolean,
): boolean {
  // A word that was never answered is not listed at all; before 6.2 none is.
  const count = now.replied.get(word) ?? 0;
  const before = last.replied.get(word) ?? 0;
  // Counts that fall were reset, so that what there is now came since.
  if (count > before || (count > 0 && count < before)) return entry.isPossible?.(now) ?? true;
  return wasRefused && (entry.lasts?.(now, last) ?? false);
}
