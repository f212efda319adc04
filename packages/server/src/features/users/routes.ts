/**
 * `GET /v1/users/me`: who is signed in. Also from memory, so that the page about an outage knows in the outage.
 */
import type { FastifyPluginCallback, onRequestAsyncHookHandler } from 'fastify';
import { PERMISSION_NAMES } from '../../auth/permission.js';
import { addUserReading } from '../../platform/admin-reading.js';
import { readerOf, type Reader } from '../../auth/current-user.js';

/** What the route needs of others. */
export interface UserRoutesOptions {
  /** Lets everybody pass who is signed in, also while the database is away. */
  readonly requireUser: onRequestAsyncHookHandler;
}

export const userRoutes: FastifyPluginCallback<UserRoutesOptions> = (app, { requireUser }, done) => {
  addUserReading(app, {
    url: '/v1/users/me',
    requireUser,
    read: (request) => meDocument(readerOf(request)),
  });
  done();
};

/** Who somebody is, for themselves. */
export function meDocument({ userId, userName, permission, tokenSuffix, expiresAtMs }: Reader): object {
  return {
    id: userId,
    username: userName,
    permission,
    permission_name: PERMISSION_NAMES[permission],
    session: { token_suffix: tokenSuffix, expires_at: new Date(expiresAtMs).toISOString() },
  };
}
