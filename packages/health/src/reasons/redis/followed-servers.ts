/**
 * What each server of a cache said before, for comparison with what it says now. A server is known by the id of its run, so
 * that one that was restarted begins anew.
 */
import type { CacheFacts } from '../../statistics/cache-facts.js';
import type { CacheHistory } from './sight-cache.js';

export interface FollowedServers {
  /** @param nowMs - by a monotonic clock */
  read(facts: readonly CacheFacts[], nowMs: number): readonly CacheHistory[];
}

interface Followed {
  readonly last: CacheFacts;
  readonly lastMs: number;
  /** Of some minutes ago. */
  readonly earlier: CacheFacts;
  readonly earlierMs: number;
  readonly linkDownSinceMs: number | undefined;
}

const SLOPE_MS = 300_000;
/** Of a cluster. */
const MOST_SERVERS = 64;

export function createFollowedServers(): FollowedServers {
  const servers = new Map<string, Followed>();

  function historyOf(facts: CacheFacts, place: string, nowMs: number): CacheHistory {
    const id = facts.runId ?? place;
    const known = servers.get(id);
    const linkDownSinceMs = facts.isLinkDown ? (known?.linkDownSinceMs ?? nowMs) : undefined;
    const isOld = known !== undefined && nowMs - known.earlierMs > SLOPE_MS;
    servers.delete(id);
    servers.set(id, {
      last: facts,
      lastMs: nowMs,
      // The window begins anew in its middle, so that a slope is never of less than half of it.
      earlier: isOld ? known.last : (known?.earlier ?? facts),
      earlierMs: isOld ? known.lastMs : (known?.earlierMs ?? nowMs),
      linkDownSinceMs,
    });
    for (const oldest of servers.keys()) {
      if (servers.size <= MOST_SERVERS) break;
      servers.delete(oldest);
    }
    return {
      now: facts,
      before: known?.last,
      sinceBeforeMs: known ? nowMs - known.lastMs : 0,
      earlier: known?.earlier,
      sinceEarlierMs: known ? nowMs - known.earlierMs : 0,
      linkDownMs: linkDownSinceMs === undefined ? 0 : nowMs - linkDownSinceMs,
    };
  }

  return {
    read: (facts, nowMs) =>
      facts.slice(0, MOST_SERVERS).map((one, place) => historyOf(one, String(place), nowMs)),
  };
}
