/**
 * How often each of many clients asked, in windows of time. Kept in memory and by the monotonic clock: by the time of day,
 * setting the clock back would lock users out for as long. Bounded in number, and a client that has reached the limit is
 * never dropped to make room for others.
 */

export interface RateWindows {
  /** Milliseconds until `key` may come again; `undefined` when it may now. Counts nothing. */
  waitOf(key: string): number | undefined;
  /** Counts `key` once; gives how often it has come in its window, and for how much longer that lasts. */
  add(key: string): { readonly count: number; readonly endsInMs: number };
  /** `key` may not come for so long, whatever was counted here: others have counted more. */
  shut(key: string, forMs: number): void;
}

export interface RateWindowsOptions {
  readonly most: number;
  readonly windowMs: number;
  readonly mostKeys: number;
  readonly now: () => number;
}

interface Window {
  readonly endsMs: number;
  count: number;
}

/** To look through all of them for those that have ended takes a millisecond or two. */
const PRUNE_MS = 1_000;

export function createRateWindows({ most, windowMs, mostKeys, now }: RateWindowsOptions): RateWindows {
  /** In the order in which they began. */
  const below = new Map<string, Window>();
  const reached = new Map<string, Window>();
  /** Of all together for whom there is no room, because everybody who is remembered has reached the limit. */
  let others: Window = { endsMs: Number.NEGATIVE_INFINITY, count: 0 };
  let sweptMs = Number.NEGATIVE_INFINITY;

  function isFull(): boolean {
    return below.size + reached.size >= mostKeys;
  }

  function currentOf(key: string, nowMs: number): Window | undefined {
    const window = reached.get(key) ?? below.get(key);
    if (!window || nowMs < window.endsMs) return window;
    reached.delete(key);
    below.delete(key);
    return undefined;
  }

  /** Ended windows go first, then the one below the limit that began first. */
  function makeRoom(nowMs: number): void {
    if (nowMs - sweptMs >= PRUNE_MS) {
      sweptMs = nowMs;
      for (const windows of [below, reached]) {
        for (const [key, { endsMs }] of windows) if (nowMs >= endsMs) windows.delete(key);
      }
    }
    const [oldest] = below.keys();
    if (isFull() && oldest !== undefined) below.delete(oldest);
  }

  /** The window of the client where it is remembered, or can be; else the one that all others share. */
  function windowOf(key: string, nowMs: number): Window {
    const current = currentOf(key, nowMs);
    if (current) return current;
    if (isFull()) makeRoom(nowMs);
    const next = { endsMs: nowMs + windowMs, count: 0 };
    if (isFull()) return nowMs < others.endsMs ? others : (others = next);
    below.set(key, next);
    return next;
  }

  return {
    waitOf(key) {
      const nowMs = now();
      const isOther = reached.size >= mostKeys && nowMs < others.endsMs;
      const window = currentOf(key, nowMs) ?? (isOther ? others : undefined);
      return window && window.count >= most ? window.endsMs - nowMs : undefined;
    },
    add(key) {
      const nowMs = now();
      const window = windowOf(key, nowMs);
      window.count += 1;
      if (window.count >= most && below.delete(key)) reached.set(key, window);
      return { count: window.count, endsInMs: window.endsMs - nowMs };
    },
    shut(key, forMs) {
      const nowMs = now();
      const known = windowOf(key, nowMs);
      if (known === others) return;
      below.delete(key);
      reached.set(key, { endsMs: nowMs + Math.min(forMs, windowMs), count: Math.max(known.count, most) });
    },
  };
}
