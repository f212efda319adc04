/**
 * Somebody's own sessions: seeing them, ending one of them, and signing out.
 */
import type { FastifyPluginCallback, onRequestAsyncHookHandler } from 'fastify';
import { PortalError } from '../../errors.js';
import { addAction } from '../../platform/action.js';
import { addUserReading } from '../../platform/admin-reading.js';
import { clientAddress } from '../../platform/client-address.js';
import { whileReachable } from '../../platform/postgres.js';
import { readerOf } from '../../platform/reader.js';
import { endedCookie, tokenInCookies } from './cookie.js';
import type { Guard } from './guard.js';
import type { ListedSession } from './session.js';
import type { Sessions } from './sessions.js';

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
    url: '/v1/authentication/logout',
    // Not behind a guard: whoever has no session any more is signed out all the same.
    async act(request, reply) {
      const token = tokenInCookies(request.headers.cookie);
      const address = clientAddress(request.ip);
      const wasSignedIn = token !== undefined && (await whileReachable(sessions.revokeToken(token, address)));
      if (!wasSignedIn) await guard.countStranger(request, reply);
      return reply.code(204).header('Set-Cookie', ended).send();
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
