/**
 * Every path of the service, for its description.
 */
import * as examples from './examples.js';
import { JOURNAL_PATHS } from './journal-paths.js';
import { schemaRef, type Schema } from './schema.js';
import { SIGN_IN_PATHS } from './sign-in-paths.js';
import type { SchemaName } from './schemas.js';
import type { ErrorResponse, MediaType, Operation, PathItem, Reference, Response } from './vocabulary.js';

type Content = NonNullable<Response['content']>;
type Reading = { readonly get: Operation };

const TEXT: Schema = { type: 'string' };
const PUBLIC: Operation['security'] = [];
const ADMIN: Operation['security'] = [{ session: [] }, { machineToken: [] }];

function refused(name: ErrorResponse): Reference {
  return { $ref: `#/components/responses/${name}` };
}

function text(type: string, example?: string): Content {
  return { [type]: { schema: TEXT, ...(example === undefined ? {} : { example }) } };
}

function documents(name: SchemaName, ...shown: readonly (readonly [string, object])[]): Content {
  const named = shown.map(([status, value]) => [status, { summary: `While ${status}`, value }] as const);
  const json: MediaType = { schema: schemaRef(name), examples: Object.fromEntries(named) };
  return {
    'application/json': json,
    'application/health+json': { schema: schemaRef('HealthJson'), example: examples.HEALTH_JSON },
  };
}

/** The same, or an error in its place. */
function orError(content: Content): Content {
  const { 'application/json': json, ...others } = content;
  if (!json) return content;
  return { 'application/json': { ...json, schema: { oneOf: [json.schema, schemaRef('Error')] } }, ...others };
}

function probe(name: 'livez' | 'readyz' | 'startupz', summary: string, about: string, no?: string): PathItem {
  return {
    get: {
      operationId: name,
      tags: ['Probes'],
      summary,
      description: about,
      security: PUBLIC,
      parameters: [
        {
          name: 'verbose',
          in: 'query',
          description: 'One line a check: its name, its state and the codes of its problems.',
          allowEmptyValue: true,
          schema: TEXT,
        },
      ],
      responses: {
        200: { description: 'Yes.', content: text('text/plain', 'ok\n') },
        ...(no === undefined ? {} : { 503: { description: no, content: text('text/plain', 'not ready\n') } }),
        405: refused('MethodNotAllowed'),
      },
    },
  };
}

function adminReading(
  operationId: string,
  summary: string,
  description: string,
  schema: SchemaName,
): PathItem {
  return {
    get: {
      operationId,
      tags: ['Integrity'],
      summary,
      description,
      security: ADMIN,
      responses: {
        200: {
          description: 'As it is known now.',
          content: { 'application/json': { schema: schemaRef(schema) } },
        },
        401: refused('AuthenticationRequired'),
        403: refused('AdminRequired'),
        405: refused('MethodNotAllowed'),
        429: refused('TooManyRequests'),
        500: refused('InternalError'),
        503: refused('Unavailable'),
      },
    },
  };
}

function page(operationId: string, summary: string, description: string, content: Content): Reading {
  return {
    get: {
      operationId,
      tags: ['Documentation'],
      summary,
      description,
      security: PUBLIC,
      responses: {
        200: { description: 'As it is for this version.', content },
        405: refused('MethodNotAllowed'),
      },
    },
  };
}

const { get: GUIDE } = page(
  'guide',
  'A guide',
  'One of the guides that the index names, e.g. `errors.md`: what each error means and what to do next.',
  text('text/markdown'),
);

/** All of them, in the order in which they are described. */
export const PATHS: Readonly<Record<string, PathItem>> = {
  '/health': {
    get: {
      operationId: 'health',
      tags: ['Health'],
      summary: 'The public report',
      description: 'For anyone. Healthy and degraded are 200, unhealthy is 503, with the same document.',
      security: PUBLIC,
      responses: {
        200: {
          description: 'Healthy or degraded.',
          content: documents('Report', ['healthy', examples.HEALTHY], ['degraded', examples.DEGRADED]),
        },
        503: {
          description: 'Unhealthy.',
          content: documents('Report', ['unhealthy', examples.UNHEALTHY]),
        },
        405: refused('MethodNotAllowed'),
      },
    },
  },
  '/v1/admin/health': {
    get: {
      operationId: 'adminHealth',
      tags: ['Health'],
      summary: 'The administrator’s report',
      description:
        'The public report and `source_hash`. While the database is away, an administrator whom this process has ' +
        'verified lately still gets it; the header `X-Session-Source: memory` says so. Until its probe has noticed, nobody ' +
        'can say who asks: that is a 503 with an error and `Retry-After`.',
      security: ADMIN,
      responses: {
        200: {
          description: 'Healthy or degraded.',
          headers: memoryHeader(),
          content: documents(
            'AdminReport',
            ['healthy', examples.forAdmin(examples.HEALTHY)],
            ['degraded', examples.forAdmin(examples.DEGRADED)],
          ),
        },
        503: {
          description: 'Unhealthy. Or, with `Retry-After`, the session cannot be looked up at the moment.',
          headers: {
            ...memoryHeader(),
            'Retry-After': {
              description: 'In how many seconds to come again, when it is an error.',
              schema: TEXT,
            },
          },
          content: orError(documents('AdminReport', ['unhealthy', examples.forAdmin(examples.UNHEALTHY)])),
        },
        401: refused('AuthenticationRequired'),
        403: refused('AdminRequired'),
        405: refused('MethodNotAllowed'),
        429: refused('TooManyRequests'),
        500: refused('InternalError'),
      },
    },
  },
  '/v1/admin/integrity': adminReading(
    'adminIntegrity',
    'What became of the source',
    'What the source should be, was at the start and is on disk, with the names of the files that differ.',
    'Integrity',
  ),
  '/v1/admin/integrity/loaded': adminReading(
    'adminIntegrityLoaded',
    'What is in memory of the source',
    'Every script that V8 holds, against the file it came from. Looked up once in ten seconds at most.',
    'LoadedScripts',
  ),
  ...JOURNAL_PATHS,
  ...SIGN_IN_PATHS,
  '/livez': probe(
    'livez',
    'Is the process alive?',
    'Never fails for a dependency, nor while shutting down: a restart mends no database.',
  ),
  '/readyz': probe(
    'readyz',
    'Should traffic be sent here?',
    'For readiness probes and load balancers.',
    'Before the first report, from the moment a shutdown begins, and for trouble of this process’s own.',
  ),
  '/startupz': probe(
    'startupz',
    'Has everything been looked at?',
    'For startup probes.',
    'The first report is not there yet.',
  ),
  '/metrics': {
    get: {
      operationId: 'metrics',
      tags: ['Metrics'],
      summary: 'The same as metrics',
      description:
        'Prometheus text, or OpenMetrics for who asks for it. Always 200: the status is one of them. With the session of an ' +
        'administrator or the token of a machine also `portal_source_info`; whatever else is shown counts as nothing.',
      security: [{}, ...ADMIN],
      responses: {
        200: {
          description: 'A figure that was not measured has no sample.',
          content: {
            ...text('text/plain', examples.METRICS),
            ...text('application/openmetrics-text', `${examples.METRICS}# EOF\n`),
          },
        },
        405: refused('MethodNotAllowed'),
      },
    },
  },
  '/docs': page('docs', 'This description, for people', 'A page without scripts.', text('text/html')),
  '/docs/{guide}': {
    get: {
      ...GUIDE,
      parameters: [
        {
          name: 'guide',
          in: 'path',
          required: true,
          description: 'Name of the guide, with `.md`.',
          schema: { type: 'string', pattern: '^[a-z-]+\\.md$' },
        },
      ],
      responses: { ...GUIDE.responses, 404: refused('NotFound') },
    },
  },
  '/openapi.json': page('openapi', 'This description, for machines', 'OpenAPI 3.1.', {
    'application/json': { schema: { type: 'object' } },
  }),
  '/llms.txt': page(
    'llms',
    'Index of the documentation',
    'By llmstxt.org: every page with a sentence, as Markdown.',
    text('text/markdown'),
  ),
};

function memoryHeader(): NonNullable<Response['headers']> {
  return {
    'X-Session-Source': {
      description: '`memory` when this process vouched for the session, because the database is away.',
      schema: { type: 'string', enum: ['memory'] },
    },
  };
}
