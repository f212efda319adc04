/**
 * Counts requests, and says when they are too many: in the memory of this process, and in Redis where a limit is shared with
 * other processes. A client over a limit is refused from memory and costs no command. While Redis does not answer, or its
 * probe calls it down, only the counts of this process count.
 */
import type { FastifyReply } from 'fastify';
import type { Redis } from 'ioredis';
import { RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { PortalError } from '../errors.js';
import { createRateWindows } from './rate-windows.js';

/** A limit on how often a client may ask. To count failures only: ask `isOver` first, and `count` what has failed. */
export interface RateLimit {
  /** Milliseconds until `key` may come again when it has come too often. A look at memory, which counts nothing. */
  isOver(key: string): number | undefined;
  /**
   * Counts `key` once more. Gives the milliseconds until it may come again when that was too often. Never rejects, and
   * takes no longer than a command to Redis may.
   */
  count(key: string): Promise<number | undefined>;
}

/** Where several processes count together. */
export interface SharedCounters {
  /** Gives up a command in time. */
  readonly client: Redis;
  /** Whether its probe says that it does not answer: then it is not asked. */
  readonly isDown: () => boolean;
}

export interface RateLimitOptions {
  /** Most in a window; 0 is no limit. */
  readonly most: number;
  /** Milliseconds, of whole seconds; default one minute. A window begins with its first request. */
  readonly windowMs?: number;
  /** Most keys that are remembered here; SECURITY.md says who is forgotten. */
  readonly mostKeys?: number;
  /** For a limit that several processes would multiply; `name` distinguishes it from others there. */
  readonly shared?: { readonly name: string; readonly counters: SharedCounters } | undefined;
  readonly now?: () => number;
}

export function createRateLimit({
  most,
  windowMs = 60_000,
  mostKeys = 10_000,
  shared,
  now = () => performance.now(),
}: RateLimitOptions): RateLimit {
  if (most === 0) return { isOver: () => undefined, count: () => Promise.resolve(undefined) };
  const windows = createRateWindows({ most, windowMs, mostKeys, now });
  const countShared = shared && createSharedCount({ most, windowMs, ...shared });

  return {
    isOver: (key) => windows.waitOf(key),
    async count(key) {
      const { count, endsInMs } = windows.add(key);
      if (count > most) return endsInMs;
      const elsewhere = await countShared?.(key);
      if (elsewhere === undefined || elsewhere.count < most) return undefined;
      windows.shut(key, elsewhere.endsInMs);
      return elsewhere.count > most ? windows.waitOf(key) : undefined;
    },
  };
}

interface SharedCount {
  readonly count: number;
  readonly endsInMs: number;
}

/**
 * The script of the library asks for the rest of the window each time; here it does only when the limit is reached, so
 * that a count is two commands to Redis and not four.
 */
const COUNT = `local consumed = redis.call('incrby', KEYS[1], ARGV[1])
if consumed == tonumber(ARGV[1]) then
  redis.call('expire', KEYS[1], ARGV[2])
elseif consumed >= tonumber(ARGV[3]) then
  local ttl = redis.call('pttl', KEYS[1])
  if ttl >= 0 then return {consumed, ttl} end
  redis.call('expire', KEYS[1], ARGV[2])
end
return {consumed, 1000 * ARGV[2]}`;

/** Nobody asks a Redis again so soon that has just not answered: every question would wait for it. */
const RESET_MS = 1_000;

/** Counts in Redis; gives `undefined` when that is not possible now. */
function createSharedCount({
  most,
  windowMs,
  name,
  counters: { client, isDown },
}: {
  readonly most: number;
  readonly windowMs: number;
  readonly name: string;
  readonly counters: SharedCounters;
}): (key: string) => Promise<SharedCount | undefined> {
  const limiter = new RateLimiterRedis({
    storeClient: client,
    rejectIfRedisNotReady: true,
    customIncrTtlLuaScript: COUNT,
    keyPrefix: `portal:limit:${name}`,
    points: most,
    duration: windowMs / 1_000,
  });
  let openUntilMs = Number.NEGATIVE_INFINITY;

  return async (key) => {
    if (isDown() || performance.now() < openUntilMs) return undefined;
    try {
      return countOf(await limiter.consume(key));
    } catch (error) {
      if (error instanceof RateLimiterRes) return countOf(error);
      openUntilMs = performance.now() + RESET_MS;
      return undefined;
    }
  };
}

function countOf({ consumedPoints, msBeforeNext }: RateLimiterRes): SharedCount {
  return { count: consumedPoints, endsInMs: msBeforeNext };
}

/**
 * Does nothing where a limit says nothing; or else says when to come again.
 *
 * @throws PortalError when it is too often
 */
export function allowedBy(waitMs: number | undefined, reply: FastifyReply): void {
  if (waitMs === undefined) return;
  reply.header('Retry-After', String(Math.max(1, Math.ceil(waitMs / 1_000))));
  throw new PortalError('tooManyRequests');
}
