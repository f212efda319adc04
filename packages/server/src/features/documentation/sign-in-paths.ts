/**
 * The paths about who is signed in, for the description of the API.
 */
import { schemaRef } from './schema.js';
import type { ErrorResponse, Operation, PathItem, Reference, Response } from './vocabulary.js';

/** The lowest permission that will do; see the security scheme. */
const USER: Operation['security'] = [{ session: ['User'] }];

function refused(name: ErrorResponse): Reference {
  return { $ref: `#/components/responses/${name}` };
}

const ADMIN: Operation['security'] = [{ session: [] }];

const OF_ACTIONS: Operation['responses'] = {
  403: refused('CrossSite'),
  405: refused('MethodNotAllowed'),
  415: refused('UnsupportedMediaType'),
  429: refused('TooManyRequests'),
  500: refused('InternalError'),
  503: refused('Unavailable'),
};

const COOKIE: NonNullable<Response['headers']> = {
  'Set-Cookie': { description: 'The cookie `psession`.', schema: { type: 'string' } },
};

function json(schema: string, example: object): NonNullable<Response['content']> {
  return { 'application/json': { schema: schemaRef(schema), example } };
}

const ME = {
  id: 1,
  username: 'ada',
  permission: 3,
  permission_name: 'Owner',
  session: { token_suffix: 'x7Kf_2', expires_at: '2026-03-02T08:15:00.000Z' },
};

/** All of them, in the order in which they are described. */
export const SIGN_IN_PATHS: Readonly<Record<string, PathItem>> = {
  '/v1/authentication/request': {
    post: {
      operationId: 'requestCode',
      tags: ['Sign-in'],
      summary: 'Asks for a one-time code',
      description:
        'It is sent to whatever the operator has set up (`codes_delivered` of `GET /v1/status` says whether anything is), ' +
        'and can be used once, within ten minutes, by the address that asked; the newest five of a name and address ' +
        'count. The answer is the same for every name, whether or not anybody has it. One address that asks by one name ' +
        'more than 10 times a minute is refused; one that asks by many names waits for its turn.',
      security: [],
      requestBody: { required: true, content: json('CodeRequest', { username: 'ada' }) },
      responses: {
        202: {
          description: 'Understood.',
          content: json('CodeRequested', { message: 'If this user exists, a code is on its way.' }),
        },
        400: refused('BadRequest'),
        ...OF_ACTIONS,
      },
    },
  },
  '/v1/authentication/verify': {
    post: {
      operationId: 'verifyCode',
      tags: ['Sign-in'],
      summary: 'Signs in with a one-time code',
      description:
        'The session is in the cookie. Upper and lower case differ. A right code is taken however many wrong ones came ' +
        'before it; an address that brought more than 20 wrong ones in a minute waits for its turn, a second or a few, and ' +
        'is refused only when too many are waiting.',
      security: [],
      requestBody: { required: true, content: json('CodeToVerify', { code: 'k7RmXw4P9sTq' }) },
      responses: {
        200: { description: 'Signed in.', headers: COOKIE, content: json('Me', ME) },
        400: refused('BadRequest'),
        401: refused('AuthenticationRequired'),
        ...OF_ACTIONS,
      },
    },
  },
  '/v1/authentication/logout': {
    post: {
      operationId: 'logout',
      tags: ['Sign-in'],
      summary: 'Signs out',
      description:
        'Ends the session of the cookie and takes the cookie back; no body. Also where there is none. Whatever is answered, ' +
        'the cookie is taken back; with 429 or 503 the session could not be ended in the record, and ends by its time.',
      security: [],
      responses: { 204: { description: 'Signed out.', headers: COOKIE }, ...OF_ACTIONS },
    },
  },
  '/v1/users/me': {
    get: {
      operationId: 'me',
      tags: ['Sign-in'],
      summary: 'Who is signed in',
      description: 'For everybody who is; administrators get it also while the database is away.',
      security: USER,
      responses: {
        200: { description: 'This one.', content: json('Me', ME) },
        401: refused('AuthenticationRequired'),
        405: refused('MethodNotAllowed'),
        429: refused('TooManyRequests'),
        500: refused('InternalError'),
        503: refused('Unavailable'),
      },
    },
  },
  '/v1/users/me/sessions': {
    get: {
      operationId: 'mySessions',
      tags: ['Sign-in'],
      summary: 'Own sessions',
      description: 'Where one is signed in, the newest first.',
      security: USER,
      responses: {
        200: {
          description: 'Those that are open.',
          content: json('MySessions', {
            sessions: [
              {
                token_suffix: 'x7Kf_2',
                made_for: 'code',
                created_at: '2026-03-01T08:15:00.000Z',
                expires_at: '2026-03-02T08:15:00.000Z',
                current: true,
              },
            ],
          }),
        },
        401: refused('AuthenticationRequired'),
        405: refused('MethodNotAllowed'),
        429: refused('TooManyRequests'),
        500: refused('InternalError'),
        503: refused('Unavailable'),
      },
    },
  },
  '/v1/admin/audit': {
    get: {
      operationId: 'adminAudit',
      tags: ['Sign-in'],
      summary: 'Who came in, who was refused, who changed what',
      description:
        'The newest first. Refusals of one kind from one address in one hour are one entry, whose `details` count them, ' +
        'and are thrown away after 30 days; everything else after `PORTAL_AUDIT_DAYS`.',
      security: ADMIN,
      parameters: [
        {
          name: 'before',
          in: 'query',
          description: 'Only entries before this one: `next` of the page before.',
          schema: { type: 'integer', minimum: 1 },
        },
        {
          name: 'limit',
          in: 'query',
          description: 'Most entries of a page; 50 when it is left out.',
          schema: { type: 'integer', minimum: 1, maximum: 200 },
        },
      ],
      responses: {
        200: {
          description: 'One page of it.',
          content: json('Audit', {
            entries: [
              {
                id: 7,
                at: '2026-03-01T08:15:00.000Z',
                action: 'signed_in',
                actor: 'ada',
                subject: 'ada',
                address: '192.0.2.7',
                token_suffix: 'x7Kf_2',
                details: { code_made_by: 'request' },
              },
            ],
            next: null,
          }),
        },
        400: refused('BadRequest'),
        401: refused('AuthenticationRequired'),
        403: refused('AdminRequired'),
        405: refused('MethodNotAllowed'),
        429: refused('TooManyRequests'),
        500: refused('InternalError'),
        503: refused('Unavailable'),
      },
    },
  },
  '/v1/users/me/sessions/destroy-all': {
    post: {
      operationId: 'destroyMySessions',
      tags: ['Sign-in'],
      summary: 'Signs out everywhere',
      description:
        'Ends all of one’s own sessions, also the one that asks, from the next request on; no body.',
      security: USER,
      responses: {
        204: { description: 'They have ended.', headers: COOKIE },
        401: refused('AuthenticationRequired'),
        ...OF_ACTIONS,
      },
    },
  },
  '/v1/users/me/sessions/{token_suffix}/destroy': {
    post: {
      operationId: 'destroyMySession',
      tags: ['Sign-in'],
      summary: 'Ends one of one’s own sessions',
      description: 'Counts from the next request on; no body.',
      security: USER,
      parameters: [
        {
          name: 'token_suffix',
          in: 'path',
          required: true,
          description: 'Last six characters of its token.',
          schema: { type: 'string', pattern: '^[A-Za-z0-9_-]{6}$' },
        },
      ],
      responses: {
        204: { description: 'It has ended.', headers: COOKIE },
        401: refused('AuthenticationRequired'),
        404: refused('NotFound'),
        ...OF_ACTIONS,
      },
    },
  },
};
