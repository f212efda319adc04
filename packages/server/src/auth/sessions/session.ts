/**
 * A session, as every file of this folder speaks of it.
 */
import type { Permission } from '../permission.js';

export interface Session {
  readonly id: number;
  readonly userId: number;
  readonly userName: string;
  /** As it stands in the database at this moment, not as it was when the session began. */
  readonly permission: Permission;
  /** When it ends by the clock of the database, in milliseconds since 1970. */
  readonly expiresAtMs: number;
  /** The token is one of a machine: then `id` is negative, `userName` its own name, and `userId` 0 unless it belongs to a user. */
  readonly isMachine?: boolean;
}

/** A session that lives, and for how much longer, by the clock of the database. */
export interface LiveSession extends Session {
  readonly remainingMs: number;
}

/** What made a session: the command line, the start of the service, or its own user with a one-time code. */
export type SessionOrigin = 'command' | 'start' | 'code';

/** A session as an operator, or its user, sees it in a list. */
export interface ListedSession {
  readonly id: number;
  readonly userName: string;
  readonly permission: Permission;
  /** Last six characters of the token. */
  readonly tokenSuffix: string;
  readonly createdBy: SessionOrigin;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}
