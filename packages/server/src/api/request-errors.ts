/** The errors that endpoints have in common. */
import { ERRORS } from '../errors.js';
import type { ResponseHeaders, ResponseObject } from './openapi-types.js';
import { exactly, named, text } from './schema.js';

const UUID = '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$';

export const errorSchema = named(
  'Error',
  exactly('Every answer that is neither a document nor a success.', {
    error: text('A sentence for a person.'),
    correlation_id: {
      type: 'string',
      format: 'uuid',
      pattern: UUID,
      description: 'Also in the log, and in the header `X-Correlation-Id`.',
    },
  }),
);

const CORRELATION: ResponseHeaders = {
  'X-Correlation-Id': {
    description: 'The same as `correlation_id`.',
    required: true,
    schema: { type: 'string', format: 'uuid' },
  },
};

const RETRY_AFTER = {
  description: 'In how many seconds to come again.',
  schema: { type: 'string' },
} as const;

function errorResponse(
  { sentence }: { readonly sentence: string },
  description: string,
  headers: ResponseHeaders = {},
): ResponseObject {
  const example = { error: sentence, correlation_id: '1f0e5b3c-8a54-4d1e-9c57-0f6f2a9d7b11' };
  return {
    description,
    headers: { ...CORRELATION, ...headers },
    content: { 'application/json': { schema: errorSchema, example } },
  };
}

/** By their names in the OpenAPI document. */
export const REQUEST_ERRORS = {
  BadRequest: {
    status: 400,
    response: errorResponse(
      { sentence: 'username must be at least 3 characters' },
      'Something that cannot be used: the sentence names it and its rule.',
    ),
  },
  AuthenticationRequired: {
    status: 401,
    response: errorResponse(
      ERRORS.authenticationRequired,
      'No session, or one that is malformed, unknown, expired or revoked, or no such code: one answer for all.',
    ),
  },
  AdminRequired: {
    status: 403,
    response: errorResponse(
      ERRORS.adminRequired,
      'The session is good, and its user no administrator; or a machine shows its token where machines may not read.',
    ),
  },
  CrossSite: {
    status: 403,
    response: errorResponse(ERRORS.crossSite, 'Sent by a page of another site.'),
  },
  NotFound: { status: 404, response: errorResponse(ERRORS.notFound, 'There is nothing of that name.') },
  MethodNotAllowed: {
    status: 405,
    response: errorResponse(ERRORS.methodNotAllowed, 'A method that is not answered here.', {
      Allow: { description: 'What can be asked.', required: true, schema: { type: 'string' } },
    }),
  },
  UnsupportedMediaType: {
    status: 415,
    response: errorResponse(
      { sentence: 'Unsupported media type' },
      'The body is of a type other than `application/json`.',
    ),
  },
  Misdirected: {
    status: 421,
    response: errorResponse(ERRORS.misdirected, 'Any path: `Host` names somebody else.'),
  },
  TooManyRequests: {
    status: 429,
    response: errorResponse(ERRORS.tooManyRequests, 'Too often, of this session or address.', {
      'Retry-After': RETRY_AFTER,
    }),
  },
  Unavailable: {
    status: 503,
    response: errorResponse(
      ERRORS.unavailable,
      'The database cannot be asked at the moment, not even who asks, or the disk of the history; nothing was done.',
      { 'Retry-After': { ...RETRY_AFTER, required: true } },
    ),
  },
  InternalError: {
    status: 500,
    response: errorResponse(ERRORS.internal, 'A bug. The log has it under the correlation id.'),
  },
} as const satisfies Record<string, { readonly status: number; readonly response: ResponseObject }>;

export type RequestErrorName = keyof typeof REQUEST_ERRORS;
