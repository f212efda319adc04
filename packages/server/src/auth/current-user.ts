/**
 * The guard stores the signed-in user in `request.user`. Routes read it there.
 */
import type { FastifyRequest } from 'fastify';
import type { Permission } from './permission.js';

/** A signed-in user with the session, or a machine with its token. */
export interface CurrentUser {
  readonly sessionId: number;
  readonly userId: number;
  readonly userName: string;
  readonly permission: Permission;
  /** Last six characters of the token. */
  readonly tokenSuffix: string;
  /** When the session ends, in milliseconds since 1970. */
  readonly expiresAtMs: number;
  /** A machine, which may only read. `userName` is the name of its token. */
  readonly isMachine?: boolean;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** `null` on routes without a guard. */
    user: CurrentUser | null;
  }
}

/** Only for routes behind a guard. */
export function currentUser({ user }: FastifyRequest): CurrentUser {
  if (!user) throw new Error('A route that reads the current user has no guard.');
  return user;
}
