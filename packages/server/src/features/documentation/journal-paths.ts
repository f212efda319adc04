/**
 * The paths that tell of the course of things, for the description of the API.
 */
import { schemaRef, type Schema } from './schema.js';
import type { SchemaName } from './schemas.js';
import type { Operation, Parameter, PathItem } from './vocabulary.js';

const ADMIN: Operation['security'] = [{ session: [] }, { machineToken: [] }];

const REFUSALS: Operation['responses'] = {
  401: { $ref: '#/components/responses/AuthenticationRequired' },
  403: { $ref: '#/components/responses/AdminRequired' },
  405: { $ref: '#/components/responses/MethodNotAllowed' },
  429: { $ref: '#/components/responses/TooManyRequests' },
  500: { $ref: '#/components/responses/InternalError' },
  503: { $ref: '#/components/responses/Unavailable' },
};

/** A reading of the history file, which a disk can refuse. */
function fromFile(
  operationId: string,
  summary: string,
  description: string,
  parameters: readonly Parameter[],
  schema: SchemaName,
): PathItem {
  return {
    get: {
      operationId,
      tags: ['Journal'],
      summary,
      description,
      security: ADMIN,
      parameters,
      responses: {
        200: {
          description: 'From a file of the service’s own; so also while the stores are down.',
          content: { 'application/json': { schema: schemaRef(schema) } },
        },
        400: { $ref: '#/components/responses/BadRequest' },
        ...REFUSALS,
      },
    },
  };
}

function parameter(name: string, description: string, schema: Schema): Parameter {
  return { name, in: 'query', description, schema };
}

const time: Schema = { type: 'string', format: 'date-time' };

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
                causes: [{ component: 'cache', code: 'CACHE_TIMEOUT', since: '2026-03-01T02:41:07.318Z' }],
                checked_at: '2026-03-01T02:47:11.402Z',
                codes_delivered: true,
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
        'Server-sent events, for as long as the session lasts. `report`: `{report, since, causes, parts, at}`, at once and ' +
        'after every look, where `report` is the administrator’s report, `causes` has what is wrong as `component`, ' +
        '`code` and `since`, and `parts` has of each part its `state`, `since`, `answers_since` and `checked_at`. ' +
        '`happened`: one event, as in `/v1/admin/events`; once more when a cause of it has come or gone. `gone`: the session has ended, and so does the ' +
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
  '/v1/admin/history': fromFile(
    'adminHistory',
    'What was measured',
    'Every look for an hour, minutes for 30 days, hours for a year. At most 2,000 steps. `status` has the worst of each ' +
      'step; for how long it was how is in `totals` and `share`.',
    [
      parameter('from', 'Begin; default: a quarter of an hour before `to`.', time),
      parameter('to', 'End; default: now.', time),
      parameter('step', 'Wanted length of a step in seconds; default: one that makes some hundreds.', {
        type: 'integer',
        minimum: 1,
      }),
    ],
    'History',
  ),
  '/v1/admin/events': fromFile(
    'adminEvents',
    'What happened',
    'The latest first, page by page. The last 10,000 are kept, for a year.',
    [
      parameter('from', 'Only those that had not ended by then.', time),
      parameter('to', 'Only those that had begun by then.', time),
      parameter('before', 'Only those before the event of this id.', { type: 'integer', minimum: 1 }),
      parameter('limit', 'How many; default 50.', { type: 'integer', minimum: 1, maximum: 200 }),
    ],
    'Events',
  ),
};
