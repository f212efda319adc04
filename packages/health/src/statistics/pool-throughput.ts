/**
 * What a pool tells by its events: whether its callers are served, how many a second, and whether the server still works
 * for them. A pool without events tells nothing of this.
 */
import { driverCode } from '../unknown.js';

/** The members of a pool that tell of its movement. */
export interface PoolEvents {
  on?(event: 'acquire' | 'release', listener: (error?: unknown) => void): unknown;
  off?(event: 'acquire' | 'release', listener: (error?: unknown) => void): unknown;
}

/** What has been seen to move. All times monotonic, in milliseconds; minus infinity before the first. */
export interface PoolThroughput {
  /** False of a pool without events. */
  readonly isReported: boolean;
  /** When a connection was last returned by a caller for whom the server had worked. */
  servedAtMs(): number;
  /** When one was last returned because the connection, or the server, had failed its caller. */
  failedAtMs(): number;
  /** Notes a caller who was served, of a pool whose counts show it and whose events do not. */
  served(): void;
  /** Connections returned a second, since `sinceMs` at the earliest, over the last seconds. */
  returnsASecond(sinceMs: number): number;
  close(): void;
}

/** What is told of it. */
export interface PoolThroughputOptions {
  readonly now: () => number;
  readonly onMove: () => void;
  readonly onFailed: () => void;
}

/** Returns are counted by quarters of a second, over two seconds. */
const BUCKET_MS = 250;
const BUCKETS = 8;

/** SQLSTATEs with which a server fails whoever asks, whatever was asked: lost, out of resources, going down, broken. */
const SERVER_FAILED = /^(?:08|53|57P|58|XX)/;
/** Any other SQLSTATE is an answer about the question: a server that works. A statement that was cut short says neither. */
const SQLSTATE = /^[0-9A-Z]{5}$/;
const CANCELLED = '57014';

/** Listens to `pool` until `close()`. */
export function createPoolThroughput(
  pool: PoolEvents,
  { now, onMove, onFailed }: PoolThroughputOptions,
): PoolThroughput {
  let servedAtMs = Number.NEGATIVE_INFINITY;
  let failedAtMs = Number.NEGATIVE_INFINITY;
  const counts = Array.from({ length: BUCKETS }, () => 0);
  let bucket = Number.NEGATIVE_INFINITY;

  /** Moves on to the bucket of now, and empties those that nothing has come into. */
  function advance(nowMs: number): number {
    const current = Math.floor(nowMs / BUCKET_MS);
    for (let next = Math.max(bucket + 1, current - BUCKETS + 1); next <= current; next += 1) {
      counts[next % BUCKETS] = 0;
    }
    bucket = Math.max(bucket, current);
    return current;
  }

  function released(error?: unknown): void {
    const nowMs = now();
    const place = advance(nowMs) % BUCKETS;
    counts[place] = (counts[place] ?? 0) + 1;
    onMove();
    const verdict = verdictOf(error);
    if (verdict === 'served') servedAtMs = nowMs;
    if (verdict !== 'failed') return;
    failedAtMs = nowMs;
    onFailed();
  }

  const acquired = (): void => onMove();
  const isTold = typeof pool.on === 'function' && typeof pool.off === 'function';
  if (isTold) {
    pool.on?.('acquire', acquired);
    pool.on?.('release', released);
  }

  return {
    isReported: isTold,
    servedAtMs: () => servedAtMs,
    failedAtMs: () => failedAtMs,
    served() {
      servedAtMs = now();
    },
    returnsASecond(sinceMs) {
      const nowMs = now();
      const current = advance(nowMs);
      const oldest = Math.max(current - BUCKETS + 1, Math.floor(sinceMs / BUCKET_MS));
      let returns = 0;
      for (let one = oldest; one <= current; one += 1) returns += counts[one % BUCKETS] ?? 0;
      const overMs = nowMs - Math.max(sinceMs, oldest * BUCKET_MS);
      return overMs > 0 ? (returns / overMs) * 1_000 : 0;
    },
    close() {
      if (!isTold) return;
      pool.off?.('acquire', acquired);
      pool.off?.('release', released);
    },
  };
}

/** What a return says about the server. A connection that its caller throws away (`release(true)`) says nothing. */
function verdictOf(error: unknown): 'served' | 'failed' | 'nothing' {
  if (error === undefined || error === null || error === false) return 'served';
  if (error === true) return 'nothing';
  const code = driverCode(error);
  if (code === undefined || !SQLSTATE.test(code)) return 'failed';
  if (code === CANCELLED) return 'nothing';
  return SERVER_FAILED.test(code) ? 'failed' : 'served';
}
