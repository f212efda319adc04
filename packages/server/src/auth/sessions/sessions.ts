/**
 * The rules about sessions: who is signed in, and how sessions begin and end. PostgreSQL alone is the record; `lookups.ts`
 * says who vouches for a session, and when.
 */
import { AT_THE_MACHINE, type AuditDetails, type Author } from '../audit/audit-entry.js';
import type { SessionChannel } from './channel.js';
import type { LookupResult, Lookups } from './lookups.js';
import type { ListedSession, SessionOrigin } from './session.js';
import type { SessionStore } from './session-store.js';
import type { LastUsedWriter } from './last-used.js';
import { tokenHash, newToken, suffixOf } from './token.js';

/** A session that has just begun. The token is known here and now, and never again. */
export interface BegunSession extends ListedSession {
  readonly token: string;
}

/** Where a session begins, and what the audit says of it. */
export interface Origin {
  readonly address: string;
  readonly details: AuditDetails;
}

/** The sessions of the application. */
export interface Sessions {
  /** The sessions behind these tokens; see `Lookups`. */
  find(tokens: readonly string[], options: { readonly fromFallback: boolean }): Promise<LookupResult>;
  /** The id of the session behind a token as it was lately; to know whom to count, never to let anybody in. */
  lastSeen(token: string): number | undefined;
  /** Whether the database is not asked at all, because it is known to be away. */
  isAway(): boolean;
  /** @param from - where the user is, and what else the audit should say, unless an operator at the machine does it */
  begin(userId: number, createdBy: SessionOrigin, from?: Origin): Promise<BegunSession>;
  list(userId?: number): Promise<ListedSession[]>;
  /** A request was let in by this session: it is not idle. */
  used(sessionId: number): void;
  /** Ends sessions for good; gives how many it ended. */
  revoke(ids: readonly number[], author?: Author): Promise<number>;
  /** Ends all sessions of a user, at their own bidding. */
  revokeAllOf(userId: number, address: string): Promise<void>;
  /** Ends the sessions with these tokens, for their users. This process forgets them at once, whatever comes of it. */
  revokeTokens(tokens: readonly string[], address: string): Promise<void>;
  /** This process no longer knows who has these tokens. */
  forgetTokens(tokens: readonly string[]): void;
  /** Ends all but the newest `keep` sessions made at starts of the service. */
  revokeOldStarts(keep: number): Promise<void>;
  /** To be called when sessions with these token hashes, or tokens of machines, have ended in another way. */
  ended(hashes: readonly string[]): Promise<void>;
  /** To be called when the permission of a user has changed. */
  userChanged(userId: number): Promise<void>;
  /** Hears from now on of changes that other processes make. */
  listen(): void;
  /** Calls `listener` whenever some session may have ended or some permission may have changed, here or elsewhere. */
  onChange(listener: () => void): void;
}

export interface SessionsOptions {
  readonly store: SessionStore;
  readonly lookups: Lookups;
  /** Absent when there is no Redis. */
  readonly channel: SessionChannel | undefined;
  /** Calls `onChange` for every change that the database notifies of, also one made with `psql`. */
  readonly listenToDatabase: (onChange: () => void) => void;
  /** Called when other processes could not be notified of a change by Redis. */
  readonly onFailure: (event: string, error: unknown) => void;
  /** Absent where a session may be without use for ever. */
  readonly use?: Pick<LastUsedWriter, 'note'> | undefined;
}

/** Puts the rules on top of the record. */
export function createSessions({
  store,
  lookups,
  channel,
  listenToDatabase: listenToRecord,
  use,
  onFailure,
}: SessionsOptions): Sessions {
  const listeners: (() => void)[] = [];

  function notifyListeners(): void {
    for (const listener of listeners) listener();
  }

  /** The next look-up of any process sees the change: no request waits until other processes are notified. */
  async function publish(hashes: readonly string[]): Promise<void> {
    lookups.ended(hashes);
    notifyListeners();
    if (!channel) return;
    try {
      await channel.publish();
    } catch (error) {
      // Not an error of the change itself: the database has it, and notifies of it too.
      onFailure('a change of sessions could not be told by Redis', error);
    }
  }

  async function markChanged(hashes: readonly string[]): Promise<void> {
    if (hashes.length > 0) await publish(hashes);
  }

  return {
    find: (tokens, options) => lookups.find(tokens, options),
    lastSeen: (token) => lookups.lastSeen(token),
    isAway: () => lookups.isAway(),
    async begin(userId, createdBy, from) {
      const token = newToken();
      const listed = await store.add({
        userId,
        tokenHash: tokenHash(token),
        tokenSuffix: suffixOf(token),
        createdBy: createdBy,
        address: from?.address ?? null,
        details: from?.details ?? { by: createdBy },
      });
      const { id, userName, permission, expiresAt } = listed;
      if (from) {
        lookups.begun(token, { id, userId, userName, permission, expiresAtMs: expiresAt.getTime() });
      }
      return { ...listed, token };
    },
    list: (userId) => store.list(userId),
    used: (sessionId) => use?.note(sessionId),
    async revoke(ids, author = AT_THE_MACHINE) {
      const hashes = await store.revoke(ids, author);
      await markChanged(hashes);
      return hashes.length;
    },
    async revokeAllOf(userId, address) {
      await markChanged(await store.revokeAllOf(userId, { by: 'user', address }));
    },
    async revokeTokens(tokens, address) {
      const hashes = tokens.map(tokenHash);
      lookups.forget(hashes);
      await markChanged(await store.revokeByHash(hashes, { by: 'user', address }));
    },
    forgetTokens: (tokens) => lookups.forget(tokens.map(tokenHash)),
    async revokeOldStarts(keepNewest) {
      await markChanged(await store.revokeOldStarts(keepNewest));
    },
    // Also where no session has ended: a token of a machine may have.
    ended: publish,
    async userChanged(userId) {
      await publish(await store.hashesOf(userId));
    },
    listen() {
      function changed(): void {
        lookups.changed();
        notifyListeners();
      }
      channel?.listen(changed);
      listenToRecord(changed);
    },
    onChange(listener) {
      listeners.push(listener);
    },
  };
}
