/**
 * Signing out. Whatever the store does, this process forgets the session, and the client gets an answer.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { PortalError } from '../../errors.js';
import { clientAddress } from '../../infra/client-address.js';
import { createTaskQueue } from '../../infra/task-queue.js';
import { whileReachable } from '../../infra/postgres.js';
import { tokensInCookies } from '../cookie.js';
import { TimeoutError, withTimeout } from 'portal-shared/with-timeout';
import type { Guard } from '../guard.js';
import type { Sessions } from './sessions.js';

/** Clients that sign out wait for one another, and so take one connection of the pool. */
const SIGNING_OUT = { most: 200, waitMs: 1_000 };
const SIGN_OUT_MS = 2_000;

/**
 * Ends every session that a request brings, also where two differ, which the guard would refuse.
 *
 * @throws PortalError when they could not be ended in the database, or it cannot be found out whether there are any
 */
export type SignOut = (request: FastifyRequest, reply: FastifyReply) => Promise<void>;

export function createSignOut({
  sessions,
  guard,
}: {
  readonly sessions: Sessions;
  readonly guard: Guard;
}): SignOut {
  const lane = createTaskQueue(SIGNING_OUT);

  async function revoke(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    // Nobody may say that there is no session to end, unless the record has said so.
    const hasBroughtAny = tokensInCookies(request.headers.cookie).length > 0;
    if (hasBroughtAny && sessions.isAway()) throw new PortalError('unavailable');
    const found = await guard.identify(request, reply, { allowFallback: false });
    const tokens = found.map(({ token }) => token);
    if (tokens.length === 0) return;
    await lane.run(() => whileReachable(sessions.revokeTokens(tokens, clientAddress(request.ip))));
  }

  return async (request, reply) => {
    const tokens = tokensInCookies(request.headers.cookie);
    try {
      await withTimeout(revoke(request, reply), SIGN_OUT_MS);
    } catch (error) {
      sessions.forgetTokens(tokens);
      throw error instanceof TimeoutError ? new PortalError('unavailable') : error;
    }
  };
}
