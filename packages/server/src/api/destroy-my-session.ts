/** `POST /v1/users/me/sessions/{token_suffix}/destroy`: ends one of a user's sessions. */
import { PortalError } from '../errors.js';
import { clientAddress } from '../infra/client-address.js';
import { whileReachable } from '../infra/postgres.js';
import { currentUser } from '../auth/current-user.js';
import { defineRoute } from './route.js';
import { SET_COOKIE, TOKEN_SUFFIX } from './session-schema.js';

export const destroyMySessionRoute = defineRoute({
  path: '/v1/users/me/sessions/{token_suffix}/destroy',
  method: 'POST',
  guard: { level: 'user', allowFallback: false },
  cache: 'noStore',
  docs: {
    id: 'destroyMySession',
    tag: 'Sign-in',
    summary: 'Ends one of one’s own sessions',
    description: 'Counts from the next request on; no body.',
  },
  parameters: [
    {
      name: 'token_suffix',
      in: 'path',
      required: true,
      description: 'Last six characters of its token.',
      schema: { type: 'string', pattern: TOKEN_SUFFIX },
    },
  ],
  errors: ['NotFound'],
  answers: { 204: { description: 'It has ended.', headers: SET_COOKIE } },
  async handler({ request, reply, services: { sessions, endedCookie } }) {
    const { userId, sessionId } = currentUser(request);
    const { token_suffix: suffix } = request.params as { readonly token_suffix: string };
    const meant = (await whileReachable(sessions.list(userId)))
      .filter(({ tokenSuffix }) => tokenSuffix === suffix)
      .map(({ id }) => id);
    if (meant.length === 0) throw new PortalError('notFound');
    await whileReachable(sessions.revoke(meant, { by: 'user', address: clientAddress(request.ip) }));
    if (meant.includes(sessionId)) reply.header('Set-Cookie', endedCookie);
    return reply.code(204).send();
  },
});
