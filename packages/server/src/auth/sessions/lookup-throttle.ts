/**
 * Where unknown tokens wait that come from an address which is refused too often. Most of them are a flood, but one may be
 * of somebody who shares the address with it; so they are looked up after all, in one question a second for all of them.
 * And an address has only so many of these: asking one by one must not cost the database one by one.
 */

export interface LookupThrottle {
  /**
   * Kept at the next departure, with `undefined`. Or says at once how many milliseconds there is none.
   *
   * @param tokens - how many are to be looked up
   */
  pass(address: string, tokens: number): Promise<number | undefined>;
}

export interface LookupThrottleOptions {
  /** Milliseconds between two departures. */
  readonly everyMs?: number;
  /** Most tokens in one departure. */
  readonly most?: number;
  /** Departures that an address has in a row. */
  readonly burst?: number;
  /** Milliseconds after which it has one more again. */
  readonly refillMs?: number;
  readonly now?: () => number;
}

/**
 * In which those gather who come close together. Where an address has one departure left, they have longer: of those who
 * come again when they were told to, in whole seconds, most miss the moment at which a flood is there already.
 */
const GATHERED_MS = 50;
/** Addresses of which departures are counted: the pace is the same for all of them, so this is no more than fairness. */
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
