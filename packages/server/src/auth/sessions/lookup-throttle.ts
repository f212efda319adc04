/**
 * Delays the look-up of unknown tokens from an address that is refused too often. Most of them belong to a flood, but one
 * may be of a user who shares the address. So they are looked up after all, in one query a second for all of them. Each
 * address has a limited number of these: single requests must not cost the database a query each.
 */

export interface LookupThrottle {
  /**
   * Resolves with `undefined` when the next query starts, or at once with the milliseconds for which there is none.
   *
   * @param tokens - how many are to be looked up
   */
  pass(address: string, tokens: number): Promise<number | undefined>;
}

export interface LookupThrottleOptions {
  /** Milliseconds between two queries. */
  readonly everyMs?: number;
  /** Most tokens in one query. */
  readonly most?: number;
  /** Queries that an address has in a row. */
  readonly burst?: number;
  /** Milliseconds after which it has one more again. */
  readonly refillMs?: number;
  readonly now?: () => number;
}

/**
 * For how long tokens that arrive close together are gathered. An address with one query left has longer: `Retry-After`
 * counts in whole seconds, so most clients that obey it arrive a moment after the flood.
 */
const GATHERED_MS = 50;
/** Addresses of which queries are counted. The pace is the same for all of them, so this is fairness only. */
const MOST_ADDRESSES = 10_000;

export function createLookupThrottle({
  everyMs = 1_000,
  most = 1_000,
  burst: inARow = 8,
  refillMs: oneMoreMs = 5_000,
  now = () => performance.now(),
}: LookupThrottleOptions = {}): LookupThrottle {
  /** By address: when it has all its departures again. */
  const fullAtMs = new Map<string, number>();
  let flushedMs = Number.NEGATIVE_INFINITY;
  let waiting: (() => void)[] = [];
  let addresses = new Set<string>();
  let taken = 0;

  /** Milliseconds until `address` has so many departures. */
  function waitMs(address: string, departures: number): number {
    return (fullAtMs.get(address) ?? 0) - now() - (inARow - departures) * oneMoreMs;
  }

  function flush(): void {
    const batch = waiting;
    flushedMs = now();
    for (const address of addresses) {
      fullAtMs.set(address, Math.max(fullAtMs.get(address) ?? 0, flushedMs) + oneMoreMs);
    }
    if (fullAtMs.size > MOST_ADDRESSES) forget();
    waiting = [];
    addresses = new Set();
    taken = 0;
    for (const leave of batch) leave();
  }

  function forget(): void {
    for (const [address, atMs] of fullAtMs) {
      if (atMs <= flushedMs || fullAtMs.size > MOST_ADDRESSES) fullAtMs.delete(address);
    }
  }

  return {
    pass(address, tokens) {
      const closedMs = addresses.has(address) ? 0 : waitMs(address, 1);
      if (closedMs > 0) return Promise.resolve(closedMs);
      if (taken + tokens > most) return Promise.resolve(everyMs);
      addresses.add(address);
      taken += tokens;
      if (waiting.length === 0) {
        const gatheredMs = waitMs(address, 2) > 0 ? everyMs : GATHERED_MS;
        setTimeout(flush, Math.max(gatheredMs, flushedMs + everyMs - now()));
      }
      return new Promise((resolve) => waiting.push(() => resolve(undefined)));
    },
  };
}
