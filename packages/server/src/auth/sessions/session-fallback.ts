/**
 * Sessions that PostgreSQL has confirmed to this process lately. Held by the monotonic clock, which cannot be set back,
 * and bounded in size.
 */
import type { LiveSession, Session } from './session.js';

/** The sessions that are remembered, by token hash. */
export interface SessionFallback {
  set(hash: string, session: LiveSession): void;
  get(hash: string): Session | undefined;
  delete(hash: string): void;
  /** Forgets all, and gives the hashes of those it has forgotten. */
  clear(): string[];
}

/** Administrators are few; this is a bound for a fault, not a size for a day's work. */
const MOST = 1_000;

/** @param forMs - how long a session is remembered after it was last confirmed; 0 remembers nothing */
export function createSessionFallback(
  forMs: number,
  { most = MOST, now = () => performance.now() }: { most?: number; now?: () => number } = {},
): SessionFallback {
  const remembered = new Map<string, { readonly session: Session; readonly untilMs: number }>();

  return {
    set(hash, { remainingMs, ...session }) {
      // Taken out and put back, so that the first one in the map is always the one confirmed longest ago.
      remembered.delete(hash);
      remembered.set(hash, { session, untilMs: now() + Math.min(forMs, remainingMs) });
      const [oldest] = remembered.keys();
      if (remembered.size > most && oldest !== undefined) remembered.delete(oldest);
    },
    get(hash) {
      const entry = remembered.get(hash);
      if (!entry) return undefined;
      if (now() < entry.untilMs) return entry.session;
      remembered.delete(hash);
      return undefined;
    },
    delete(hash) {
      remembered.delete(hash);
    },
    clear() {
      const hashes = [...remembered.keys()];
      remembered.clear();
      return hashes;
    },
  };
}
