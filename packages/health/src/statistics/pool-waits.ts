/**
 * Since when callers of a pool wait, and since when none of them has been served, as it is seen from time to time.
 */

/** What is seen at one look. */
export interface PoolSight {
  readonly nowMs: number;
  /** Callers who wait for a connection. */
  readonly waiting: number;
  /** Whether there are as many connections as there may be, and all are in use. */
  readonly isFull: boolean;
  /** Whether nobody waited at the look before. */
  readonly isNew: boolean;
}

export interface PoolWaitsOptions {
  /** The times that a wait is compared with, in milliseconds. */
  readonly saturatedAfterMs: number;
  readonly stalledAfterMs: number;
  /** The time between two looks. */
  readonly tickMs: number;
  /** Whether the pool tells of everybody who is served. */
  readonly isReported: () => boolean;
  /** Callers begin to wait, or have waited for long. */
  readonly onSign: () => void;
}

/** All times monotonic, in milliseconds. */
export interface PoolWaits {
  look(sight: PoolSight): void;
  /** Somebody has been served. */
  readonly moved: () => void;
  /** Since when every look has found all connections in use and somebody waiting. */
  fullSinceMs(): number | undefined;
  /** Whether nobody has been served for this long, while callers waited. */
  isUnserved(nowMs: number, forMs: number): boolean;
}

export function createPoolWaits(options: PoolWaitsOptions): PoolWaits {
  const { saturatedAfterMs, stalledAfterMs, tickMs, isReported, onSign } = options;
  const shortestMs = Math.min(saturatedAfterMs, stalledAfterMs);
  let fullSinceMs: number | undefined;
  let unservedSinceMs: number | undefined;
  let isSignGiven = false;
  let lastWaitingMs = 0;
  let lookedMs = Number.POSITIVE_INFINITY;

  function moved(): void {
    unservedSinceMs = undefined;
    isSignGiven = false;
  }

  /** While the event loop is blocked, nobody is served whatever the server does: that is not waiting for a connection. */
  function leaveOutBlock(nowMs: number): void {
    const blockedMs = nowMs - lookedMs - tickMs;
    lookedMs = nowMs;
    if (blockedMs + tickMs <= shortestMs) return;
    if (fullSinceMs !== undefined) fullSinceMs += blockedMs;
    if (unservedSinceMs !== undefined) unservedSinceMs += blockedMs;
  }

  const isUnserved = (nowMs: number, forMs: number): boolean =>
    unservedSinceMs !== undefined && nowMs - unservedSinceMs >= forMs;

  return {
    look({ nowMs, waiting, isFull, isNew }) {
      leaveOutBlock(nowMs);
      fullSinceMs = waiting > 0 && isFull ? (fullSinceMs ?? nowMs) : undefined;
      if (waiting > 0) {
        if (isNew) onSign();
        unservedSinceMs ??= nowMs;
        lastWaitingMs = nowMs;
      } else if (!isReported() || (!isFull && nowMs - lastWaitingMs > saturatedAfterMs)) {
        // With events nobody was served, or we would know: they gave up. While all connections are out, or when they soon
        // come again, as callers with a timeout do, it is the same wait.
        moved();
      }
      if (isUnserved(nowMs, saturatedAfterMs) && !isSignGiven) {
        isSignGiven = true;
        onSign();
      }
    },
    moved,
    fullSinceMs: () => fullSinceMs,
    isUnserved,
  };
}
