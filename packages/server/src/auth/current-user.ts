/**
 * Who asks: put on a request by the guard that let it in, for the routes of every feature.
 */
import type { FastifyRequest } from 'fastify';
import type { Permission } from './permission.js';

/** Somebody who is signed in, and by which session; or a machine with a token. */
export interface CurrentUser {
  readonly sessionId: number;
  readonly userId: number;
  readonly userName: string;
  readonly permission: Permission;
  /** Last six characters of the token. */
  readonly tokenSuffix: string;
  /** When the session ends, in milliseconds since 1970. */
  readonly expiresAtMs: number;
  /** A machine, which reads and does nothing; `userName` is the name of its token then. */
  readonly isMachine?: boolean;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** `null` where no guard has let anybody in. */
    reader: CurrentUser | null;
  }
}

/** Who asks, behind a guard. */
export function currentUser({ reader }: FastifyRequest): CurrentUser {
  if (!reader) throw new Error('A route that needs to know who asks stands behind no guard.');
  return reader;
}
