/**
 * A session, as every file of this folder speaks of it.
 */
import type { Permission } from '../../permission.js';

/** Somebody who is signed in. */
export interface Session {
  readonly id: number;
  readonly userId: number;
  readonly userName: string;
  /** As it stands in the database at this moment, not as it was when the session began. */
  readonly permission: Permission;
}

/** A session that lives, and for how much longer, by the clock of the database. */
export interface LiveSession extends Session {
  readonly remainingMs: number;
}

/** A session as an operator sees it in a list. */
export interface ListedSession {
  readonly id: number;
  readonly userName: string;
  readonly permission: Permission;
  /** Last six characters of the token. */
  readonly tokenSuffix: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}
