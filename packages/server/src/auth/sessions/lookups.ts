/**
 * Who has a token. **PostgreSQL alone says so, for this very request.** What this process remembers counts only while the
 * probe itself says that the database is away, and only for routes that ask for it by `fromFallback`. An answer that is
 * merely late is neither yes nor no.
 *
 * After a notification of a change, whoever sends it, this process uses nothing that it remembers until one query has
 * confirmed it. An answer to a query from before the change is not remembered.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { SessionFallback } from './session-fallback.js';
import { createSessionMemory } from './session-memory.js';
import { createSessionQueries, type DatabaseWithSessions } from './session-queries.js';
import type { Session } from './session.js';
import { tokenHash } from './token.js';

export type SessionSource = 'database' | 'memory';

/** Somebody who is signed in, and how we know. */
export interface Verified {
  readonly session: Session;
  readonly token: string;
  readonly source: SessionSource;
  /** Milliseconds until it ends, as the database says; `undefined` when memory vouches for it. */
  readonly remainingMs?: number;
}

/**
 * What a look-up can find: sessions; none, because there is none, or because the database is away and this process has
 * verified none lately; or `late`, when it cannot be found out now.
 */
export type LookupResult = readonly Verified[] | 'late';

export interface Lookups {
  /** The sessions behind these tokens. */
  find(tokens: readonly string[], options: { readonly fromFallback: boolean }): Promise<LookupResult>;
  /** The session behind a token as it was lately, if it lived; to know whom to count, never to let anybody in. */
  lastSeen(token: string): number | undefined;
  /** A session has just begun here: its client is not limited with the unauthenticated ones of its address. */
  begun(token: string, session: Session): void;
  /** Whether the database is not asked at all. */
  isAway(): boolean;
  /** To be called when the database has just been reached. */
  reached(): void;
  /** Remembers these no longer. */
  forget(hashes: readonly string[]): void;
  /** To be called when these have ended or changed. */
  ended(hashes: readonly string[]): void;
  /** To be called when any may have ended or changed. */
  changed(): void;
  close(): void;
}

export interface LookupsOptions extends DatabaseWithSessions {
  /** False while the connection for it is known not to answer. */
  readonly isConnected: () => boolean;
  /** Whether this process may have missed changes while the database was there; default: never. */
  readonly isListenerCut?: () => boolean;
  /** What counts while the database is away. */
  readonly fallback: SessionFallback;
  /** Milliseconds that a look-up may take. */
  readonly deadlineMs: number;
  /** Called for a notification of a change: the database must be there, so the connection for look-ups can be made. */
  readonly onHeard?: () => void;
  /** Called for every look-up that was late: it is time for a probe run. */
  readonly onLate: () => void;
}

/** What is remembered is confirmed within this time, or stays forgotten. */
const CONFIRM_MS = 1_000;
/** From the probe's word on the page opens within 100 ms: so much of the deadline a question may still take. */
const SHARE_WHILE_AWAY = 0.25;
/** Notifications may come all the time; so often is confirmed at most. */
const CONFIRM_EVERY_MS = 100;

export function createLookups({
  load,
  isConnected,
  isAway,
  isListenerCut: isDeaf = () => false,
  fallback,
  deadlineMs,
  onHeard = () => undefined,
  onLate,
  onSilence,
}: LookupsOptions): Lookups {
  const memory = createSessionMemory(fallback);
  const database = createSessionQueries({ load, memory, isAway, onSilence });
  let confirming = false;
  const closing = new AbortController();

  const isUnheard = (): boolean => database.isSilent() || !isConnected();

  /**
   * Asks about all sessions in doubt at once. Without an answer they stay in doubt: they are not let in from memory, and
   * they do not count as unauthenticated either.
   */
  async function confirm(): Promise<void> {
    if (confirming) return;
    confirming = true;
    let answered = true;
    while (answered && memory.doubted().length > 0 && !closing.signal.aborted) {
      const asOf = memory.changes();
      const answers = await Promise.allSettled(
        memory.doubted().map((hash) => database.query(hash, CONFIRM_MS, true)),
      );
      answered = answers.some(({ status }) => status === 'fulfilled');
      if (answered) memory.settle(asOf);
      await sleep(CONFIRM_EVERY_MS, undefined, { ref: false });
    }
    confirming = false;
  }

  function remembered(tokens: readonly string[], fromFallback: boolean): LookupResult {
    const known = tokens.flatMap((token) => {
      const session = memory.confirmed(tokenHash(token));
      return session ? [{ session, token, source: 'memory' as const }] : [];
    });
    const isInDoubt = tokens.some((token) => memory.isDoubted(tokenHash(token)));
    // Nobody can say now whether it still lives, and memory must not.
    return isInDoubt || (known.length > 0 && (!fromFallback || isDeaf())) ? 'late' : known;
  }

  return {
    async find(tokens, { fromFallback }) {
      const away = isAway();
      // While changes are being asked about, the database has just been heard of: it may answer again.
      if (away && !confirming && isUnheard()) return remembered(tokens, fromFallback);
      try {
        const found = await Promise.all(
          tokens.map(async (token) => {
            const hash = tokenHash(token);
            // An answer of the database in time counts, also while its probe calls it down.
            const session = await database.query(
              hash,
              away ? deadlineMs * SHARE_WHILE_AWAY : deadlineMs,
              memory.lastSeen(hash) !== undefined,
            );
            return session
              ? [{ session, token, source: 'database' as const, remainingMs: session.remainingMs }]
              : [];
          }),
        );
        return found.flat();
      } catch {
        if (isAway()) return remembered(tokens, fromFallback);
        onLate();
        return 'late';
      }
    },
    begun: (token, session) => memory.begun(tokenHash(token), session),
    lastSeen: (token) => memory.lastSeen(tokenHash(token))?.id,
    isAway: () => isAway() && isUnheard(),
    reached() {
      database.heard();
      void confirm();
    },
    forget: memory.forget,
    ended: memory.ended,
    changed() {
      memory.changed();
      onHeard();
      void confirm();
    },
    close() {
      closing.abort();
    },
  };
}
