/** `POST /v1/authentication/logout`: ends the session of the cookie, and takes the cookie back. */
import { defineRoute } from './route.js';
import { SET_COOKIE } from './session-schema.js';

export const logoutRoute = defineRoute({
  path: '/v1/authentication/logout',
  method: 'POST',
  // A client that has no session any more is signed out all the same.
  guard: 'anyone',
  cache: 'noStore',
  docs: {
    id: 'logout',
    tag: 'Sign-in',
    summary: 'Signs out',
    description:
      'Ends the session of the cookie and takes the cookie back; no body. Also where there is none. Whatever is answered, ' +
      'the cookie is taken back; with 429 or 503 the session could not be ended in the record, and ends by its time.',
  },
  answers: { 204: { description: 'Signed out.', headers: SET_COOKIE } },
  async handler({ request, reply, services: { signOut, endedCookie } }) {
    reply.header('Set-Cookie', endedCookie);
    await signOut(request, reply);
    return reply.code(204).send();
  },
});
