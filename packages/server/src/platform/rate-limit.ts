/**
 * Counts, and says when it is too many. In the memory of this process and by the monotonic clock: a limit that asked a
 * store would wait for it just when nobody can wait, and one that went by the time of day would lock people out for as
 * long as somebody has set that back.
 */
import type { FastifyReply } from 'fastify';
import { PortalError } from '../errors.js';

/** A limit on how often somebody may come. */
export interface RateLimit {
  /** Counts `key` once more. Gives the milliseconds until it may come again when that is too often. */
  count(key: string): number | undefined;
}

/** What a limit is made of. */
export interface RateLimitOptions {
  /** Most in a window; 0 is no limit. */
  readonly most: number;
  /** Milliseconds; default one minute. A window begins when somebody comes. */
  readonly windowMs?: number;
  /** Most keys that are remembered; of more, those whose windows began first are forgotten. */
  readonly mostKeys?: number;
  readonly now?: () => number;
}

interface Window {
  readonly endsMs: number;
  count: number;
}

/** Begins to count. */
export function createRateLimit({
  most,
  windowMs = 60_000,
  mostKeys = 10_000,
  now = () => performance.now(),
}: RateLimitOptions): RateLimit {
  /** In the order in which they began, and so in that in which they end. */
  const windows = new Map<string, Window>();

  function windowOf(key: string, nowMs: number): Window {
    const current = windows.get(key);
    if (current && nowMs < current.endsMs) return current;
    const next = { endsMs: nowMs + windowMs, count: 0 };
    windows.delete(key);
    windows.set(key, next);
    const [oldest] = windows.keys();
    if (windows.size > mostKeys && oldest !== undefined) windows.delete(oldest);
    return next;
  }

  return {
    count(key) {
      if (most === 0) return undefined;
      const nowMs = now();
      const window = windowOf(key, nowMs);
      window.count += 1;
      return window.count > most ? window.endsMs - nowMs : undefined;
    },
  };
}

/**
 * Does nothing where a limit says nothing; or else says when to come again.
 *
 * @throws PortalError when it is too often
 */
export function allowedBy(waitMs: number | undefined, reply: FastifyReply): void {
  if (waitMs === undefined) return;
  reply.header('Retry-After', String(Math.ceil(waitMs / 1_000)));
  throw new PortalError('tooManyRequests');
}
