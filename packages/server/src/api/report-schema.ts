/** The report of how everything is, as anyone and as administrators read it, and the same in the form of the IETF draft. */
import { PROBLEMS } from 'portal-health';
import {
  choice,
  dateTime,
  exactly,
  figure,
  HASH,
  listOf,
  named,
  text,
  textOrNull,
  yesOrNo,
} from './schema.js';

export const statusSchema = named(
  'Status',
  choice(['healthy', 'degraded', 'unhealthy'], 'The verdict over everything. Degraded still serves.'),
);

const LATENCY = figure(
  'number',
  'Milliseconds of the last look in the background as the service has seen it, turns of its own busy event loop included; one decimal.',
);

const databaseStatistics = named(
  'DatabaseStatistics',
  exactly(
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
);

const cacheStatistics = named(
  'CacheStatistics',
  exactly('The cache’s own figures, from one `INFO`. `null`: not measured.', {
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
);

const fields = {
  status: statusSchema,
  database: yesOrNo('Whether the database answered the last look, and that look is fresh.'),
  cache: yesOrNo('The same of the cache (Redis).'),
  started_at: dateTime('Start of the service: ISO 8601, UTC, whole seconds.'),
  db_statistics: databaseStatistics,
  cache_statistics: cacheStatistics,
} as const;

const errors = {
  uniqueItems: true,
  ...listOf(
    {
      type: 'string',
      enum: Object.entries(PROBLEMS).map(([code, { sentence }]) => `${sentence} (${code})`),
    },
    'One sentence a cause, each with its code; empty when there is none.',
  ),
} as const;

export const reportSchema = named('Report', exactly('The public report.', { ...fields, errors }));

export const adminReportSchema = named(
  'AdminReport',
  exactly('The report, with the hash of the running source.', {
    ...fields,
    source_hash: textOrNull(
      'SHA-256 over all source files, lower-case hex; `null` while it is still being computed.',
      HASH,
    ),
    errors,
  }),
);

const healthJsonStatus = named(
  'HealthJsonStatus',
  choice(['pass', 'warn', 'fail'], 'Healthy, degraded, unhealthy.'),
);

const healthJsonCheck = named('HealthJsonCheck', {
  type: 'object',
  description: 'One reading of one component.',
  properties: {
    componentType: choice(['datastore', 'component', 'system'], 'What kind of thing it is.'),
    observedValue: { type: ['number', 'string'], description: 'Absent when it was not measured.' },
    observedUnit: text('Of the value.'),
    status: healthJsonStatus,
    time: { type: 'string', format: 'date-time', description: 'When it was looked at.' },
    output: text('Sentences of the catalogue, for administrators only, while something is wrong.'),
  },
  required: ['componentType', 'status'],
  additionalProperties: false,
});

export const healthJsonSchema = named('HealthJson', {
  type: 'object',
  description: 'The same by draft-inadarei-api-health-check-06.',
  properties: {
    status: healthJsonStatus,
    releaseId: { type: 'string', description: 'The release of the service.' },
    serviceId: { type: 'string', description: 'Which service this is.' },
    instanceId: { type: 'string', description: 'Which replica of it; for administrators only.' },
    checks: {
      type: 'object',
      description: 'Readings by `component:measurement`.',
      additionalProperties: { type: 'array', minItems: 1, items: healthJsonCheck },
    },
  },
  required: ['status', 'checks'],
  additionalProperties: false,
});
