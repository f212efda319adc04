/** `POST /v1/users/me/sessions/destroy-all`: signs a user out everywhere. */
import { clientAddress } from '../infra/client-address.js';
import { whileReachable } from '../infra/postgres.js';
import { currentUser } from '../auth/current-user.js';
import { defineRoute } from './route.js';
import { SET_COOKIE } from './session-schema.js';

export const destroyMySessionsRoute = defineRoute({
  path: '/v1/users/me/sessions/destroy-all',
  method: 'POST',
  guard: { level: 'user', allowFallback: false },
  cache: 'noStore',
  docs: {
    id: 'destroyMySessions',
    tag: 'Sign-in',
    summary: 'Signs out everywhere',
    description: 'Ends all of one’s own sessions, also the one that asks, from the next request on; no body.',
  },
  answers: { 204: { description: 'They have ended.', headers: SET_COOKIE } },
  async handler({ request, reply, services: { sessions, endedCookie } }) {
    const { userId } = currentUser(request);
    await whileReachable(sessions.revokeAllOf(userId, clientAddress(request.ip)));
    return reply.code(204).header('Set-Cookie', endedCookie).send();
  },
});
