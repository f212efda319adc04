/**
 * The description of the API, OpenAPI 3.1: put together once, served as it is, and the source of the page for people.
 */
import { ERRORS } from '../../errors.js';
import { errorExample } from './examples.js';
import { PATHS } from './paths.js';
import { schemaRef } from './schema.js';
import { SCHEMAS } from './schemas.js';
import type { OpenApi, Response } from './vocabulary.js';

const CORRELATION = {
  'X-Correlation-Id': {
    description: 'The same as `correlation_id`.',
    required: true,
    schema: { type: 'string', format: 'uuid' },
  },
} as const;

const RETRY_AFTER = {
  description: 'In how many seconds to come again.',
  schema: { type: 'string' },
} as const;

function errorResponse(
  { sentence }: { readonly sentence: string },
  description: string,
  headers: Response['headers'] = {},
): Response {
  return {
    description,
    headers: { ...CORRELATION, ...headers },
    content: { 'application/json': { schema: schemaRef('Error'), example: errorExample(sentence) } },
  };
}

/** The document of this version. `server`: where the paths begin, seen from the document. */
export function openApi(version: string, server: string): OpenApi {
  return {
    openapi: '3.1.1',
    info: {
      title: 'Portal Health',
      version,
      summary: 'Is it up, how are its pool and its cache, and is it running the code we shipped?',
      description:
        'Every answer is made from memory, so it comes at once, also while the stores hang. Every `GET` also answers ' +
        '`HEAD`. An error is always a sentence and a correlation id. Any path answers 421 where `Host` is no name of this ' +
        'service (`PORTAL_PUBLIC_URL`), and so nobody’s page can have a name of its own lead here; 400 without `Host`, 414 to an ' +
        'address of more than 4,096 characters, 417 to an `Expect` other than `100-continue`, and 431 to too many header ' +
        'fields. A connection is answered one request at a time and ends when a 17th arrives before the first was read.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: server }],
    tags: [
      { name: 'Health', description: 'How everything is.' },
      { name: 'Integrity', description: 'Is it the code that was shipped?' },
      { name: 'Journal', description: 'What was, what happened, and what happens now.' },
      { name: 'Sign-in', description: 'Who is signed in.' },
      { name: 'Probes', description: 'For orchestrators and load balancers.' },
      { name: 'Metrics', description: 'For Prometheus.' },
      { name: 'Documentation', description: 'This.' },
    ],
    paths: PATHS,
    components: {
      schemas: SCHEMAS,
      responses: {
        BadRequest: errorResponse(
          { sentence: 'username must be at least 3 characters' },
          'Something that cannot be used: the sentence names it and its rule.',
        ),
        AuthenticationRequired: errorResponse(
          ERRORS.authenticationRequired,
          'No session, or one that is malformed, unknown, expired or revoked, or no such code: one answer for all.',
        ),
        AdminRequired: errorResponse(
          ERRORS.adminRequired,
          'The session is good, and its user no administrator; or a machine shows its token where machines may not read.',
        ),
        CrossSite: errorResponse(ERRORS.crossSite, 'Sent by a page of another site.'),
        NotFound: errorResponse(ERRORS.notFound, 'There is nothing of that name.'),
        MethodNotAllowed: errorResponse(ERRORS.methodNotAllowed, 'A method that is not answered here.', {
          Allow: { description: 'What can be asked.', required: true, schema: { type: 'string' } },
        }),
        UnsupportedMediaType: errorResponse(
          { sentence: 'Unsupported media type' },
          'The body is of a type other than `application/json`.',
        ),
        Misdirected: errorResponse(ERRORS.misdirected, 'Any path: `Host` names somebody else.'),
        TooManyRequests: errorResponse(ERRORS.tooManyRequests, 'Too often, of this session or address.', {
          'Retry-After': RETRY_AFTER,
        }),
        Unavailable: errorResponse(
          ERRORS.unavailable,
          'The database cannot be asked at the moment, not even who asks, or the disk of the history; nothing was done.',
          { 'Retry-After': { ...RETRY_AFTER, required: true } },
        ),
        InternalError: errorResponse(ERRORS.internal, 'A bug. The log has it under the correlation id.'),
      },
      securitySchemes: {
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: 'psession',
          description:
            'A session of a user with permission 2 (Admin) or 3 (Owner), or of anybody where `User` is named: ' +
            '`portal session create --user NAME`.',
        },
        machineToken: {
          type: 'http',
          scheme: 'bearer',
          description:
            'A token of a machine, which reads what administrators read and does nothing: `portal token create --name NAME`. ' +
            'Never together with a session.',
        },
      },
    },
  };
}
