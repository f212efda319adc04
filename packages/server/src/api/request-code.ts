/** `POST /v1/authentication/request`: asks for a one-time code. The answer does not say who exists. */
import { countVisitor, visitorAt } from '../auth/login-codes/visitors.js';
import { expectUserName } from '../auth/users/users.js';
import { clientAddress } from '../infra/client-address.js';
import { allowedBy } from '../auth/rate-limit.js';
import { inTurn } from './in-turn.js';
import { defineRoute } from './route.js';
import { exactly, named, text } from './schema.js';

const codeRequest = named(
  'CodeRequest',
  exactly('Who wants to sign in.', {
    username: {
      type: 'string',
      pattern: '^[A-Za-z0-9._-]{3,32}$',
      description: 'In any case of letters.',
    },
  }),
);

export const codeRequestedSchema = named(
  'CodeRequested',
  exactly('The same for every name.', { message: text('A sentence for a person.') }),
);

/** The same for every name. */
const SENT = { message: 'If this user exists, a code is on its way.' };
const NOT_DELIVERABLE = { message: 'This service sends no codes. Ask whoever runs it for one.' };

export const requestCodeRoute = defineRoute({
  path: '/v1/authentication/request',
  method: 'POST',
  guard: 'anyone',
  cache: 'noStore',
  docs: {
    id: 'requestCode',
    tag: 'Sign-in',
    summary: 'Asks for a one-time code',
    description:
      'It is sent to whatever the operator has set up (`codes_delivered` of `GET /v1/status` says whether anything is), ' +
      'and can be used once, within ten minutes, by the address that asked; the newest five of a name and address ' +
      'count. The answer is the same for every name, whether or not anybody has it. One address that asks by one name ' +
      'more than 10 times a minute is refused; one that asks by many names waits for its turn.',
  },
  body: { schema: codeRequest, example: { username: 'ada' } },
  answers: { 202: { description: 'Understood.', schema: codeRequestedSchema, example: SENT } },
  async handler({ request, reply, body: { username }, services: { signIn, signInLimits, deliver } }) {
    expectUserName(username);
    reply.code(202);
    if (!signIn.isDeliverable) return NOT_DELIVERABLE;
    const visitor = visitorAt(clientAddress(request.ip), signInLimits.request);
    const ofName = `${visitor.address} ${username.toLowerCase()}`;
    allowedBy(await signInLimits.requestOfName.count(ofName), reply);
    await countVisitor(visitor, signInLimits.request);
    deliver(await inTurn(signIn.request(username, visitor), reply));
    return SENT;
  },
});
