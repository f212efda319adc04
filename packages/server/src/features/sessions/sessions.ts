/**
 * The rules about sessions: who is signed in, and how sessions begin and end.
 *
 * **A look-up asks Redis and PostgreSQL at once, and PostgreSQL's word counts whenever it comes in time.** So a
 * demotion or a revocation counts at the next request, whoever made it and however, and even if the copy in Redis could
 * not be reached when it was made: a copy is believed only while PostgreSQL does not answer. Believing the copy first
 * would save a fifth of a millisecond and cost that promise.
 *
 * When neither answers, what this process itself confirmed lately still opens the health page, if the caller asks
 * for it by `fromMemory`.
 */
import { AT_THE_MACHINE, type AuditDetails, type Author } from '../../audit-entry.js';
import { ADMIN } from '../../permission.js';
import { createBatch } from './batch.js';
import type { Circuit } from './circuit.js';
import type { Copy, SessionCopies } from './copies.js';
import { NO_ANSWER, within, type NoAnswer } from './deadline.js';
import type { SessionMemory } from './memory.js';
import type { ListedSession, LiveSession, MadeBy, Session } from './session.js';
import type { SessionStore } from './store.js';
import { hashOf, newToken, suffixOf } from './token.js';

/** Who vouches for a session. */
export type SessionSource = 'database' | 'cache' | 'memory';

/** Somebody who is signed in, and how we know. */
export interface Verified {
  readonly session: Session;
  readonly source: SessionSource;
  /** Milliseconds until it ends, as the database says; `undefined` when another vouches for it. */
  readonly remainingMs?: number;
}

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
  /** Who has this token; `undefined` when nobody has, or nobody can say in time. */
  find(token: string, options: { readonly fromMemory: boolean }): Promise<Verified | undefined>;
  /** @param from - where the user is, and what else the audit should say, when it is not somebody at the machine */
  begin(userId: number, madeBy: MadeBy, from?: Origin): Promise<BegunSession>;
  list(userId?: number): Promise<ListedSession[]>;
  /** Ends sessions for good; gives how many it ended. */
  revoke(ids: readonly number[], author?: Author): Promise<number>;
  /** Ends the session with this token, for its user; false when there is none. */
  revokeToken(token: string, address: string): Promise<boolean>;
  /** Ends all but the newest `keep` sessions made at starts of the service. */
  revokeOldStarts(keep: number): Promise<void>;
  /** To be called when the permission of a user has changed. */
  userChanged(userId: number): Promise<void>;
  /** Hears from now on of changes that other processes make. */
  listen(): void;
  /** Calls `listener` whenever some session may have ended or some permission may have changed, here or elsewhere. */
  onChange(listener: () => void): void;
}

/** A store, and the circuit in front of it. */
interface Guarded<Store> {
  readonly store: Store;
  readonly circuit: Circuit;
}

/** What sessions are made of. */
export interface SessionsOptions {
  readonly record: Guarded<SessionStore>;
  /** Absent when there is no Redis. */
  readonly copies: Guarded<SessionCopies> | undefined;
  readonly memory: SessionMemory;
  /** Calls `onChange` for every change that the database itself tells of, also one made with `psql`. */
  readonly listenToRecord: (onChange: () => void) => void;
  /** Milliseconds that a look-up waits for both stores together. */
  readonly deadlineMs: number;
  /** Told when a store begins to be silent, and when a change could not be told to the cache. */
  readonly onFailure: (event: string, error: unknown) => void;
}

/** Puts the rules on top of the stores. */
export function createSessions({
  record,
  copies,
  memory,
  listenToRecord,
  deadlineMs,
  onFailure,
}: SessionsOptions): Sessions {
  const listeners: (() => void)[] = [];
  const batch = createBatch((hashes, atMostMs) => record.store.find(hashes, atMostMs), deadlineMs);

  async function askRecord(hash: string, forMs: number): Promise<LiveSession | undefined | NoAnswer> {
    const answer = await within(batch.find(hash), forMs, (reason) => {
      if (record.circuit.silent()) onFailure('the database does not answer look-ups of sessions', reason);
    });
    if (answer !== NO_ANSWER) record.circuit.answered();
    return answer;
  }

  /** Never rejects, and is over by the deadline. */
  async function askCopies(hash: string): Promise<Copy | NoAnswer> {
    if (copies?.circuit.advice() !== 'ask') return NO_ANSWER;
    const { store, circuit } = copies;
    const answer = await within(store.read(hash), deadlineMs, (reason) => {
      if (circuit.silent()) onFailure('the cache does not answer look-ups of sessions', reason);
    });
    if (answer !== NO_ANSWER) circuit.answered();
    return answer;
  }

  /** What is known without PostgreSQL. */
  function otherwiseKnown(hash: string, copy: Copy | NoAnswer, fromMemory: boolean): Verified | undefined {
    if (copy === 'changed') {
      memory.forget(hash);
      return undefined;
    }
    if (copy !== undefined && copy !== NO_ANSWER) return { session: copy, source: 'cache' };
    const session = fromMemory ? memory.recall(hash) : undefined;
    return session && { session, source: 'memory' };
  }

  /** Brings memory and copy to what the record says; nobody waits for it. */
  function keep(hash: string, session: LiveSession | undefined, asked: Promise<Copy | NoAnswer>): void {
    if (session && session.permission >= ADMIN) memory.remember(hash, session);
    else memory.forget(hash);
    if (!copies) return;
    asked
      .then((copy) => {
        if (copy === NO_ANSWER || copy === 'changed') return undefined;
        if (copy === undefined) return session && copies.store.write(hash, session);
        return same(copy, session) ? undefined : copies.store.remove(hash);
      })
      // A cache that refuses is no news to anybody: its probe says so, and why.
      .catch(() => undefined);
  }

  function changed(): void {
    for (const listener of listeners) listener();
  }

  async function markChanged(hashes: readonly string[]): Promise<void> {
    for (const hash of hashes) memory.forget(hash);
    changed();
    if (!copies || hashes.length === 0) return;
    try {
      await copies.store.markChanged(hashes);
    } catch (error) {
      // Not an error of the change itself: the record has it, and the record is asked first.
      onFailure('a change of sessions could not be told to the cache', error);
    }
  }

  return {
    async find(token, { fromMemory }) {
      const hash = hashOf(token);
      const startedMs = performance.now();
      const asked = askCopies(hash);
      const advice = record.circuit.advice();
      if (advice === 'spare') {
        const known = otherwiseKnown(hash, await asked, fromMemory);
        if (known) return known;
      }
      if (advice !== 'down') {
        const answer = await askRecord(hash, Math.max(1, deadlineMs - (performance.now() - startedMs)));
        if (answer !== NO_ANSWER) {
          keep(hash, answer, asked);
          return answer && { session: answer, source: 'database', remainingMs: answer.remainingMs };
        }
      }
      return otherwiseKnown(hash, await asked, fromMemory);
    },
    async begin(userId, madeBy, from) {
      const token = newToken();
      const listed = await record.store.add({
        userId,
        tokenHash: hashOf(token),
        tokenSuffix: suffixOf(token),
        madeBy,
        address: from?.address ?? null,
        details: from?.details ?? { by: madeBy },
      });
      return { ...listed, token };
    },
    list: (userId) => record.store.list(userId),
    async revoke(ids, author = AT_THE_MACHINE) {
      const hashes = await record.store.revoke(ids, author);
      await markChanged(hashes);
      return hashes.length;
    },
    async revokeToken(token, address) {
      const hashes = await record.store.revokeByHash(hashOf(token), { by: 'user', address });
      await markChanged(hashes);
      return hashes.length > 0;
    },
    async revokeOldStarts(keepNewest) {
      await markChanged(await record.store.revokeOldStarts(keepNewest));
    },
    async userChanged(userId) {
      await markChanged(await record.store.hashesOf(userId));
    },
    listen() {
      copies?.store.listen((hash) => {
        memory.forget(hash);
        changed();
      });
      listenToRecord(changed);
    },
    onChange(listener) {
      listeners.push(listener);
    },
  };
}

function same(copy: Session, session: LiveSession | undefined): boolean {
  return (
    copy.id === session?.id &&
    copy.userId === session.userId &&
    copy.userName === session.userName &&
    copy.permission === session.permission &&
    copy.expiresAtMs === session.expiresAtMs
  );
}
