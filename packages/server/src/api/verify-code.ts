/** `POST /v1/authentication/verify`: signs in with a one-time code. The answer does not say who exists. */
import { PortalError } from '../errors.js';
import { countVisitor, visitorAt } from '../auth/login-codes/visitors.js';
import { clientAddress } from '../infra/client-address.js';
import { inTurn } from './in-turn.js';
import { ME_EXAMPLE, meDocument, meSchema } from './me.js';
import { defineRoute } from './route.js';
import { exactly, named, text } from './schema.js';
import { SET_COOKIE } from './session-schema.js';

const codeToVerify = named(
  'CodeToVerify',
  exactly('A code.', {
    code: text('As it was delivered: twelve characters, or sixteen from whoever runs the service.'),
  }),
);

export const verifyCodeRoute = defineRoute({
  path: '/v1/authentication/verify',
  method: 'POST',
  guard: 'anyone',
  cache: 'noStore',
  docs: {
    id: 'verifyCode',
    tag: 'Sign-in',
    summary: 'Signs in with a one-time code',
    description:
      'The session is in the cookie. Upper and lower case differ. A right code is taken however many wrong ones came ' +
      'before it; an address that brought more than 20 wrong ones in a minute waits for its turn, a second or a few, and ' +
      'is refused only when too many are waiting.',
  },
  body: { schema: codeToVerify, example: { code: 'k7RmXw4P9sTq' } },
  errors: ['AuthenticationRequired'],
  answers: { 200: { description: 'Signed in.', headers: SET_COOKIE, schema: meSchema, example: ME_EXAMPLE } },
  async handler({ request, reply, body, services }) {
    const { signIn, signInLimits, beginSession, audit } = services;
    const visitor = visitorAt(clientAddress(request.ip), signInLimits.verify);
    const redeemed = await inTurn(signIn.redeem(body.code.trim(), visitor), reply);
    const begun = redeemed && (await beginSession(redeemed, visitor.address));
    if (!begun) {
      await countVisitor(visitor, signInLimits.verify);
      audit.rejected({ reason: 'code', address: visitor.address });
      throw new PortalError('authenticationRequired');
    }
    reply.header('Set-Cookie', begun.cookie);
    return meDocument(begun.user, services);
  },
});
