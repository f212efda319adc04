/**
 * What this process remembers of sessions: the administrators that it may let in while the database is away, those in doubt
 * since a change, and every session seen lately, which only decides which limit a request counts for.
 */
import { ADMIN } from '../permission.js';
import { createSessionFallback, type SessionFallback } from './session-fallback.js';
import type { LiveSession, Session } from './session.js';

/** What the database has said of a token. */
export interface LookupAnswer {
  readonly session: LiveSession | undefined;
  /** The change up to which it is true. */
  readonly asOf: number;
}

/** Sessions by the hash of their token. */
export interface SessionMemory {
  /** How many changes there have been; to be taken before the database is asked. */
  readonly changes: () => number;
  readonly learn: (hash: string, answer: LookupAnswer) => void;
  /** An administrator's, confirmed after the last change. */
  readonly confirmed: (hash: string) => Session | undefined;
  readonly lastSeen: (hash: string) => Session | undefined;
  readonly begun: (hash: string, session: Session) => void;
  /** Remembered before the last change, and not confirmed after it. */
  readonly doubted: () => readonly string[];
  readonly isDoubted: (hash: string) => boolean;
  /** All that were in doubt have been asked about; if nothing has changed since, none is any more. */
  readonly settle: (asOf: number) => void;
  readonly forget: (hashes: readonly string[]) => void;
  /** These have ended or changed. */
  readonly ended: (hashes: readonly string[]) => void;
  /** Any may have ended or changed. */
  readonly changed: () => void;
}

const SEEN_MS = 15 * 60_000;
const MOST_SEEN = 10_000;

/** @param admins - the administrators that the database has confirmed */
export function createSessionMemory(admins: SessionFallback): SessionMemory {
  const seen = createSessionFallback(SEEN_MS, { most: MOST_SEEN });
  const doubted = new Set<string>();
  let changes = 0;

  function forget(hashes: readonly string[]): void {
    for (const hash of hashes) {
      seen.delete(hash);
      admins.delete(hash);
      doubted.delete(hash);
    }
  }

  return {
    changes: () => changes,
    learn(hash, { session, asOf }) {
      if (!session) {
        forget([hash]);
        return;
      }
      seen.set(hash, session);
      if (asOf !== changes) return;
      doubted.delete(hash);
      if (session.permission >= ADMIN) admins.set(hash, session);
      else admins.delete(hash);
    },
    confirmed: (hash) => admins.get(hash),
    lastSeen: (hash) => seen.get(hash),
    begun(hash, session) {
      seen.set(hash, { ...session, remainingMs: SEEN_MS });
    },
    doubted: () => [...doubted],
    isDoubted: (hash) => doubted.has(hash),
    settle(asOf) {
      if (asOf === changes) doubted.clear();
    },
    forget,
    ended(hashes) {
      changes += 1;
      forget(hashes);
    },
    changed() {
      changes += 1;
      for (const hash of admins.clear()) doubted.add(hash);
    },
  };
}
