/**
 * Sessions that PostgreSQL has confirmed to this process lately. Held by the monotonic clock, which nobody can set back,
 * and bounded in size.
 */
import type { LiveSession, Session } from './session.js';

/** The sessions that are remembered, by token hash. */
export interface SessionMemory {
  remember(hash: string, session: LiveSession): void;
  recall(hash: string): Session | undefined;
  forget(hash: string): void;
  /** Forgets all, and gives the hashes of those it has forgotten. */
  forgetAll(): string[];
}

/** Administrators are few; this is a bound for a fault, not a size for a day's work. */
const MOST = 1_000;

/** @param forMs - how long a session is remembered after it was last confirmed; 0 remembers nothing */
export function createSessionMemory(
  forMs: number,
  { most = MOST, now = () => performance.now() }: { most?: number; now?: () => number } = {},
): SessionMemory {
  const remembered = new Map<string, { readonly session: Session; readonly untilMs: number }>();

  return {
    remember(hash, { remainingMs, ...session }) {
      // Taken out and put back, so that the first one in the map is always the one confirmed longest ago.
      remembered.delete(hash);
      remembered.set(hash, { session, untilMs: now() + Math.min(forMs, remainingMs) });
      const [oldest] = remembered.keys();
      if (remembered.size > most && oldest !== undefined) remembered.delete(oldest);
    },
    recall(hash) {
      const entry = remembered.get(hash);
      if (!entry) return undefined;
      if (now() < entry.untilMs) return entry.session;
      remembered.delete(hash);
      return undefined;
    },
    forget(hash) {
      remembered.delete(hash);
    },
    forgetAll() {
      const hashes = [...remembered.keys()];
      remembered.clear();
      return hashes;
    },
  };
}
