/**
 * The paths that tell of the course of things, for the description of the API.
 */
import { schemaRef } from './schema.js';
import type { Operation, PathItem } from './vocabulary.js';

const ADMIN: Operation['security'] = [{ session: [] }];

const REFUSALS: Operation['responses'] = {
  401: { $ref: '#/components/responses/AuthenticationRequired' },
  403: { $ref: '#/components/responses/AdminRequired' },
  405: { $ref: '#/components/responses/MethodNotAllowed' },
  500: { $ref: '#/components/responses/InternalError' },
};

/** All of them, in the order in which they are described. */
export const JOURNAL_PATHS: Readonly<Record<string, PathItem>> = {
  '/v1/status': {
    get: {
      operationId: 'status',
      tags: ['Health'],
      summary: 'The status and since when',
      description: 'For anyone: what the page shows before signing in. Always 200, from memory.',
      security: [],
      responses: {
        200: {
          description: 'As it is known now.',
          content: {
            'application/json': {
              schema: schemaRef('PublicStatus'),
              example: {
                status: 'degraded',
                since: '2026-03-01T02:41:07.318Z',
                database: true,
                cache: false,
                checked_at: '2026-03-01T02:47:11.402Z',
              },
            },
          },
        },
        405: { $ref: '#/components/responses/MethodNotAllowed' },
        500: { $ref: '#/components/responses/InternalError' },
      },
    },
  },
  '/v1/admin/live': {
    get: {
      operationId: 'adminLive',
      tags: ['Journal'],
      summary: 'Everything, as it becomes known',
      description:
        'Server-sent events, for as long as the session lasts. `report`: `{report, since, parts, at}`, at once and after ' +
        'every look, where `report` is the administrator’s report and `parts` has of each part its `state`, `since` and ' +
        '`checked_at`. `happened`: one event, as in `/v1/admin/events`. `gone`: the session has ended, and so does the ' +
        'answer. `draining`: the service is about to stop. A comment at least every 5 s says that the connection lives.',
      security: ADMIN,
      responses: {
        200: {
          description: 'Does not end by itself.',
          content: {
            'text/event-stream': {
              schema: { type: 'string' },
              example: 'event: gone\ndata: {}\n\n',
            },
          },
        },
        ...REFUSALS,
      },
    },
  },
};
