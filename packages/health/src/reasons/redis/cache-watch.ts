/**
 * Reasons of a cache, from the `INFO` that its probe reads anyway; and, only while it is slow or does not answer, the names of
 * its slow commands.
 */
import { TimeoutError, withTimeout } from 'portal-shared/with-timeout';
import type { FreshRedisConnection } from '../../probes/redis/fresh-redis-connection.js';
import type { RedisFollower, RedisReading } from '../../probes/redis/redis-follow.js';
import { isForbidden, isErrorReply } from '../../probes/redis/redis-errors.js';
import { createAskLimits } from '../ask-limits.js';
import type { Look, ReasonSource, Sighting } from '../sighting.js';
import { createFollowedServers } from './followed-servers.js';
import { sightCache } from './sight-cache.js';
import { readSlowCommands, type SlowCommands } from './slow-commands.js';

export interface CacheWatchOptions {
  readonly component: string;
  /** Monotonic clock in milliseconds, for tests. */
  readonly now?: () => number;
}

/** What happened once, such as a refused connection, is told for as long as a reader needs to see it. */
const TOLD_MS = 15_000;
const SLOWLOG_EVERY_MS = 15_000;
const DEADLINE_MS = 1_000;
/** A timeout just now; entries that are older are history. */
const RECENT_S = 30;
const MOST_ASKED = 8;
const EVENTS: ReadonlySet<string> = new Set([
  'CACHE_FORK_PAUSE',
  'CACHE_REJECTS_CONNECTIONS',
  'CACHE_SLOW_COMMAND',
]);

export function createCacheWatch({
  component,
  now = () => performance.now(),
}: CacheWatchOptions): ReasonSource & RedisFollower {
  const limits = createAskLimits(() => SLOWLOG_EVERY_MS, now);
  const followed = createFollowedServers();
  const told = new Map<string, { readonly sighting: Sighting; readonly untilMs: number }>();
  const lastIds = new Map<number, number>();
  let isSlow = false;
  let serverSeconds: number | null = null;
  let look: Look | undefined;

  /** What is seen now, and what happened a moment ago. */
  function show(sightings: readonly Sighting[], happenedMs = now()): void {
    const nowMs = now();
    for (const sighting of sightings) {
      if (EVENTS.has(sighting.code)) told.set(sighting.code, { sighting, untilMs: happenedMs + TOLD_MS });
    }
    for (const [code, { untilMs }] of told) if (untilMs < nowMs) told.delete(code);
    const states = sightings.filter(({ code }) => !EVENTS.has(code));
    const events = [...told.values()].map(({ sighting }) => sighting);
    look = { atMs: nowMs, at: new Date(), sightings: [...states, ...events] };
  }

  async function ask(connections: readonly FreshRedisConnection[]): Promise<void> {
    const sinceSeconds = (serverSeconds ?? Date.now() / 1_000) - RECENT_S;
    const asked = connections.slice(0, MOST_ASKED).map(async (connection, place) => {
      const found = readSlowCommands(await connection.slowCommands(), {
        lastId: lastIds.get(place),
        sinceSeconds,
      });
      if (found) lastIds.set(place, found.lastId);
      return found ?? [];
    });
    const found = (await Promise.all(asked)).flat();
    const sighting = slowest(found, component);
    if (!sighting) return;
    // What was asked late is told no longer than what was asked at once.
    const lastSeconds = Math.max(...found.map(({ lastSeconds: last = 0 }) => last));
    const agoMs = serverSeconds === null ? 0 : Math.max(0, serverSeconds - lastSeconds) * 1_000;
    show([...statesIn(look), sighting], now() - agoMs);
  }

  /** Without what has been told for long enough, also when nobody asks the server any more. */
  function latest(): Look | undefined {
    const nowMs = now();
    if ([...told.values()].some(({ untilMs }) => untilMs < nowMs)) show(statesIn(look));
    return look;
  }

  return {
    name: component,
    needs: 2,
    latest,
    read({ facts, problems }: RedisReading) {
      const nowMs = now();
      isSlow ||= problems.includes('CACHE_SLOW');
      serverSeconds = facts[0]?.serverSeconds ?? null;
      show(sightCache(followed.read(facts, nowMs), problems, component));
    },
    missed() {
      isSlow = true;
    },
    isDue: () => isSlow && limits.isDue(),
    async take(connections) {
      const destroyAll = (): void => {
        for (const connection of connections) connection.destroy();
      };
      if (!limits.begin()) {
        destroyAll();
        return;
      }
      isSlow = false;
      try {
        await withTimeout(ask(connections), DEADLINE_MS);
        limits.answered();
      } catch (error) {
        const isRefused = !(error instanceof TimeoutError) && (isForbidden(error) || isErrorReply(error));
        limits.failed(isRefused ? 'NOPERM' : error instanceof TimeoutError ? 'overrun' : undefined);
      } finally {
        destroyAll();
      }
    },
  };
}

function statesIn(look: Look | undefined): readonly Sighting[] {
  return (look?.sightings ?? []).filter(({ code }) => !EVENTS.has(code));
}

function slowest(found: readonly SlowCommands[], component: string): Sighting | undefined {
  const [longest] = found.toSorted((a, b) => b.longestMs - a.longestMs);
  const commands = found.reduce((sum, one) => sum + one.commands, 0);
  if (longest === undefined || commands === 0) return undefined;
  return {
    code: 'CACHE_SLOW_COMMAND',
    component,
    figures: { longest_ms: Math.round(longest.longestMs), commands },
    ...(longest.name !== undefined && { names: { command: longest.name } }),
  };
}
