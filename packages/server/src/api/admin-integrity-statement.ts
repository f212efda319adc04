/** `GET /v1/admin/integrity/statement`: the signed statement of the release, as this instance has it. */
import { PortalError } from '../errors.js';
import { defineRoute } from './route.js';
import { exactly, listOf, named, text } from './schema.js';

const statementSchema = named(
  'SignedStatement',
  exactly('An envelope (DSSE) around an in-toto statement, as `portal-integrity sign` makes it.', {
    payloadType: text('What the payload is.'),
    payload: text('The statement, in Base64.'),
    signatures: listOf(
      {
        type: 'object',
        description: 'One signature.',
        properties: { keyid: text('Of the key; a hint.'), sig: text('The signature, in Base64.') },
        required: ['sig'],
      },
      'All of them.',
    ),
  }),
);

export const adminIntegrityStatementRoute = defineRoute({
  path: '/v1/admin/integrity/statement',
  method: 'GET',
  guard: { level: 'admin', allowFallback: true, machines: true },
  cache: 'noStore',
  docs: {
    id: 'adminIntegrityStatement',
    tag: 'Integrity',
    summary: 'The signed statement of the release',
    description:
      'As it was read at the start, whether it is believed here or not: whoever watches several instances verifies it by keys of ' +
      'its own. Not found where `PORTAL_SOURCE_STATEMENT` is not set.',
  },
  errors: ['NotFound'],
  answers: { 200: { description: 'The envelope.', schema: statementSchema } },
  handler({ reply, services: { source } }) {
    const statement = source.statement();
    if (statement === null) throw new PortalError('notFound');
    return reply.type('application/json').send(Buffer.from(statement));
  },
});
