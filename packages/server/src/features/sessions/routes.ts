/**
 * Somebody's own sessions: seeing them, ending one of them, and signing out.
 */
import type { FastifyPluginCallback, FastifyReply, FastifyRequest, onRequestAsyncHookHandler } from 'fastify';
import { PortalError } from '../../errors.js';
import { addAction } from '../../platform/action.js';
import { addUserReading } from '../../platform/admin-reading.js';
import { clientAddress } from '../../infra/client-address.js';
import { createLane } from '../../infra/task-queue.js';
import { whileReachable } from '../../infra/postgres.js';
import { readerOf } from '../../auth/current-user.js';
import { endedCookie, tokensInCookies } from '../../auth/cookie.js';
import { LateError, within } from '../../auth/sessions/deadline.js';
import type { Guard } from '../../auth/guard.js';
import type { ListedSession } from '../../auth/sessions/session.js';
import type { Sessions } from '../../auth/sessions/sessions.js';

/** Those who sign out wait for one another, and so take one connection of the pool. */
const SIGNING_OUT = { most: 200, waitMs: 1_000 };
/** Whatever becomes of it, whoever signs out is answered. */
const SIGN_OUT_MS = 2_000;

/** What the routes need of others. */
export interface SessionRoutesOptions {
  readonly sessions: Sessions;
  readonly guard: Guard;
  /** Lets everybody pass who is signed in. */
  readonly requireUser: onRequestAsyncHookHandler;
  readonly cookieSecure: boolean;
}

export const sessionRoutes: FastifyPluginCallback<SessionRoutesOptions> = (
  app,
  { sessions, guard, requireUser, cookieSecure },
  done,
) => {
  const ended = endedCookie({ secure: cookieSecure });
  const lane = createLane(SIGNING_OUT);

  /** Ends every session that was brought, also where two differ and so would let nobody in. */
  async function signOut(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    // Nobody may say that there is no session to end, unless the record has said so.
    const hasBroughtAny = tokensInCookies(request.headers.cookie).length > 0;
    if (hasBroughtAny && sessions.isAway()) throw new PortalError('unavailable');
    const found = await guard.identify(request, reply, { fromMemory: false });
    const tokens = found.map(({ token }) => token);
    if (tokens.length === 0) return;
    await lane.run(() => whileReachable(sessions.revokeTokens(tokens, clientAddress(request.ip))));
  }

  addUserReading(app, {
    url: '/v1/users/me/sessions',
    requireUser,
    async read(request) {
      const { userId, sessionId } = readerOf(request);
      const own = await whileReachable(sessions.list(userId));
      return { sessions: own.map((session) => listed(session, sessionId)) };
    },
  });

  addAction(app, {
    url: '/v1/users/me/sessions/:token_suffix/destroy',
    guard: requireUser,
    async act(request, reply) {
      const { userId, sessionId } = readerOf(request);
      const { token_suffix: suffix } = request.params as { readonly token_suffix: string };
      const meant = (await whileReachable(sessions.list(userId)))
        .filter(({ tokenSuffix }) => tokenSuffix === suffix)
        .map(({ id }) => id);
      if (meant.length === 0) throw new PortalError('notFound');
      await whileReachable(sessions.revoke(meant, { by: 'user', address: clientAddress(request.ip) }));
      if (meant.includes(sessionId)) reply.header('Set-Cookie', ended);
      return reply.code(204).send();
    },
  });

  addAction(app, {
    url: '/v1/users/me/sessions/destroy-all',
    guard: requireUser,
    async act(request, reply) {
      const { userId } = readerOf(request);
      await whileReachable(sessions.revokeAllOf(userId, clientAddress(request.ip)));
      return reply.code(204).header('Set-Cookie', ended).send();
    },
  });

  addAction(app, {
    url: '/v1/authentication/logout',
    // Not behind a guard: whoever has no session any more is signed out all the same. And whatever the store does, the
    // browser forgets the cookie, and this process the session.
    async act(request, reply) {
      reply.header('Set-Cookie', ended);
      const tokens = tokensInCookies(request.headers.cookie);
      try {
        await within(signOut(request, reply), SIGN_OUT_MS);
      } catch (error) {
        sessions.forgetTokens(tokens);
        throw error instanceof LateError ? new PortalError('unavailable') : error;
      }
      return reply.code(204).send();
    },
  });
  done();
};

function listed({ id, tokenSuffix, madeBy, createdAt, expiresAt }: ListedSession, current: number): object {
  return {
    token_suffix: tokenSuffix,
    made_for: madeBy,
    created_at: createdAt.toISOString(),
    expires_at: expiresAt.toISOString(),
    current: id === current,
  };
}
