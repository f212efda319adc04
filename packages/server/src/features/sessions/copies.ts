/**
 * The copies of sessions in Redis, shared by all processes, and the word that goes round when a session changes.
 *
 * When a session changes, its copy is not deleted but marked as changed for as long as a copy could live, and a copy
 * is only ever written where there is nothing. So a process that read the record just before the change cannot put
 * the old state back.
 */
import { isPermission } from '../../permission.js';
import type { Cache } from '../../platform/redis.js';
import type { LiveSession, Session } from './session.js';

/** What Redis knows of a session: a copy; that it changed a moment ago; or nothing. */
export type Copy = Session | 'changed' | undefined;

/** The copies. Every call may fail or take as long as the client lets it: the caller does not depend on any. */
export interface SessionCopies {
  read(hash: string): Promise<Copy>;
  /** Writes a copy, unless there is one, or the session has just changed. */
  write(hash: string, session: LiveSession): Promise<void>;
  /** Removes a copy that is not what the record says. */
  remove(hash: string): Promise<void>;
  /** Marks sessions as changed and tells every process. */
  markChanged(hashes: readonly string[]): Promise<void>;
  /** Calls `onChanged` for every session that any process marks as changed. */
  listen(onChanged: (hash: string) => void): void;
}

/** Life of a copy in milliseconds. Nobody relies on one but while PostgreSQL does not answer. */
const LIFE_MS = 60_000;
const CHANGED = 'changed';
const CHANNEL = 'portal:sessions-changed';

/** The copies in `cache`. */
export function createSessionCopies({ client, subscribe }: Cache): SessionCopies {
  return {
    async read(hash) {
      return parse(await client.get(keyOf(hash)));
    },
    async write(hash, { remainingMs, ...session }) {
      const lifeMs = Math.floor(Math.min(LIFE_MS, remainingMs));
      if (lifeMs > 0) await client.set(keyOf(hash), JSON.stringify(session), 'PX', lifeMs, 'NX');
    },
    async remove(hash) {
      await client.del(keyOf(hash));
    },
    async markChanged(hashes) {
      await Promise.all(
        hashes.flatMap((hash) => [
          client.set(keyOf(hash), CHANGED, 'PX', LIFE_MS),
          client.publish(CHANNEL, hash),
        ]),
      );
    },
    listen(onChanged) {
      subscribe(CHANNEL, onChanged);
    },
  };
}

function keyOf(hash: string): string {
  return `portal:session:${hash}`;
}

/** Reads a copy; what is not one, whoever wrote it, is nothing. */
function parse(text: string | null): Copy {
  if (text === null) return undefined;
  if (text === CHANGED) return CHANGED;
  try {
    const value: unknown = JSON.parse(text);
    return isSession(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isSession(value: unknown): value is Session {
  if (typeof value !== 'object' || value === null) return false;
  const { id, userId, userName, permission, expiresAtMs } = value as Partial<Record<keyof Session, unknown>>;
  return (
    typeof id === 'number' &&
    typeof userId === 'number' &&
    typeof userName === 'string' &&
    isPermission(permission) &&
    typeof expiresAtMs === 'number' &&
    Number.isSafeInteger(Math.trunc(expiresAtMs))
  );
}
