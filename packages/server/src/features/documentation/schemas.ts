/**
 * The shape of everything the service answers. The tests hold every real answer against the document that is served, so
 * this is what clients can rely on.
 */
import { PROBLEMS } from 'portal-health';
import { INTEGRITY_SCHEMAS } from './integrity-schemas.js';
import { JOURNAL_SCHEMAS } from './journal-schemas.js';
import { SIGN_IN_SCHEMAS } from './sign-in-schemas.js';
import { exactly, figure, HASH, schemaRef, TIME, type Schema } from './schema.js';

const UUID = '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$';

const LATENCY = figure('number', 'Milliseconds of the last look in the background, one decimal.');

const report = {
  status: schemaRef('Status'),
  database: {
    type: 'boolean',
    description: 'Whether the database answered the last look, and that look is fresh.',
  },
  cache: { type: 'boolean', description: 'The same of the cache (Redis).' },
  started_at: {
    type: 'string',
    format: 'date-time',
    pattern: TIME,
    description: 'Start of the service: ISO 8601, UTC, whole seconds.',
  },
  db_statistics: schemaRef('DatabaseStatistics'),
  cache_statistics: schemaRef('CacheStatistics'),
} as const satisfies Record<string, Schema>;

const errors: Schema = {
  type: 'array',
  uniqueItems: true,
  description: 'One sentence a cause, each with its code; empty when there is none.',
  items: {
    type: 'string',
    enum: Object.entries(PROBLEMS).map(([code, { sentence }]) => `${sentence} (${code})`),
  },
};

/** All shapes, by name. */
export const SCHEMAS = {
  Status: {
    type: 'string',
    enum: ['healthy', 'degraded', 'unhealthy'],
    description: 'The verdict over everything. Degraded still serves.',
  },
  DatabaseStatistics: exactly(
    'The application’s own connection pool; real also while the database is down. `null`: not measured.',
    {
      size: figure('integer', 'Most connections that the pool opens.'),
      checked_in: figure('integer', 'Idle connections.'),
      checked_out: figure('integer', 'Connections in use, those still connecting included.'),
      overflow: figure('integer', 'Connections above the size of the pool.'),
      total: figure('integer', '`checked_in` + `checked_out`.'),
      latency_ms: LATENCY,
    },
  ),
  CacheStatistics: exactly('The cache’s own figures, from one `INFO`. `null`: not measured.', {
    memory_usage_bytes: figure('integer', 'Memory that it uses.'),
    total_keys: figure('integer', 'Keys in all databases, on all masters of a cluster.'),
    connected_clients: figure('integer', 'Clients connected to it.'),
    uptime_seconds: figure('integer', 'Time since its start.'),
    evicted_keys: figure('integer', 'Keys that had to go for lack of memory, since its start.'),
    hit_rate: figure('number', 'Percent of look-ups that found their key, one decimal.', {
      minimum: 0,
      maximum: 100,
    }),
    total_commands_processed: figure('integer', 'Commands since its start.'),
    latency_ms: LATENCY,
  }),
  Report: exactly('The public report.', { ...report, errors }),
  AdminReport: exactly('The report, with the hash of the running source.', {
    ...report,
    source_hash: {
      type: ['string', 'null'],
      pattern: HASH,
      description: 'SHA-256 over all source files, lower-case hex; `null` while it is still being computed.',
    },
    errors,
  }),
  HealthJson: {
    type: 'object',
    description: 'The same by draft-inadarei-api-health-check-06.',
    properties: {
      status: schemaRef('HealthJsonStatus'),
      checks: {
        type: 'object',
        description: 'Readings by `component:measurement`.',
        additionalProperties: { type: 'array', minItems: 1, items: schemaRef('HealthJsonCheck') },
      },
    },
    required: ['status', 'checks'],
    additionalProperties: false,
  },
  HealthJsonStatus: {
    type: 'string',
    enum: ['pass', 'warn', 'fail'],
    description: 'Healthy, degraded, unhealthy.',
  },
  HealthJsonCheck: {
    type: 'object',
    description: 'One reading of one component.',
    properties: {
      componentType: {
        type: 'string',
        enum: ['datastore', 'component', 'system'],
        description: 'What kind of thing it is.',
      },
      observedValue: { type: ['number', 'string'], description: 'Absent when it was not measured.' },
      observedUnit: { type: 'string', description: 'Of the value.' },
      status: schemaRef('HealthJsonStatus'),
      time: { type: 'string', format: 'date-time', description: 'When it was looked at.' },
      output: {
        type: 'string',
        description: 'Sentences of the catalogue, for administrators only, while something is wrong.',
      },
    },
    required: ['componentType', 'status'],
    additionalProperties: false,
  },
  Error: exactly('Every answer that is neither a document nor a success.', {
    error: { type: 'string', description: 'A sentence for a person.' },
    correlation_id: {
      type: 'string',
      format: 'uuid',
      pattern: UUID,
      description: 'Also in the log, and in the header `X-Correlation-Id`.',
    },
  }),
  ...INTEGRITY_SCHEMAS,
  ...SIGN_IN_SCHEMAS,
  ...JOURNAL_SCHEMAS,
} as const satisfies Record<string, Schema>;

/** A shape by its name. */
export type SchemaName = keyof typeof SCHEMAS;
