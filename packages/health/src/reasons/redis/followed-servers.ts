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

interface Reading {
  readonly facts: CacheFacts;
  readonly atMs: number;
}

interface Followed {
  readonly last: Reading;
  /** What a slope is measured from: half a window to a whole one ago, once there has been as much. */
  readonly earlier: Reading;
  /** What takes its place, when half a window has passed since. */
  readonly middle: Reading;
  readonly linkDownSinceMs: number | undefined;
}

const SLOPE_MS = 300_000;
/** Of a cluster. */
const MOST_SERVERS = 64;

export function createFollowedServers(): FollowedServers {
  const servers = new Map<string, Followed>();

  function historyOf(now: Reading, place: string): CacheHistory {
    const { facts, atMs } = now;
    const id = facts.runId ?? place;
    const known = servers.get(id);
    const linkDownSinceMs = facts.isLinkDown ? (known?.linkDownSinceMs ?? atMs) : undefined;
    const { earlier, middle } = windowOf(now, known);
    servers.delete(id);
    servers.set(id, { last: now, earlier, middle, linkDownSinceMs });
    for (const oldest of servers.keys()) {
      if (servers.size <= MOST_SERVERS) break;
      servers.delete(oldest);
    }
    return {
      now: facts,
      before: known?.last.facts,
      sinceBeforeMs: known ? atMs - known.last.atMs : 0,
      earlier: known && earlier.facts,
      sinceEarlierMs: known ? atMs - earlier.atMs : 0,
      linkDownMs: linkDownSinceMs === undefined ? 0 : atMs - linkDownSinceMs,
    };
  }

  return {
    read: (facts, nowMs) =>
      facts.slice(0, MOST_SERVERS).map((one, place) => historyOf({ facts: one, atMs: nowMs }, String(place))),
  };
}

function windowOf(now: Reading, known: Followed | undefined): Pick<Followed, 'earlier' | 'middle'> {
  if (!known) return { earlier: now, middle: now };
  if (now.atMs - known.middle.atMs < SLOPE_MS / 2) return known;
  return { earlier: known.middle, middle: now };
}
