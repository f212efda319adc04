/** Reports as the published page has them, and those of worse days, as `/health` and `/v1/admin/health` answer them. */
import type { Content } from './openapi-types.js';
import { healthJsonSchema } from './report-schema.js';
import type { JsonSchema } from './schema.js';

const STARTED_AT = '2026-03-01T00:00:00Z';

const POOL = { size: 20, checked_in: 18, checked_out: 2, overflow: 0, total: 20 };

const CACHE = {
  memory_usage_bytes: 1_814_192,
  total_keys: 200,
  connected_clients: 5,
  uptime_seconds: 86_400,
  evicted_keys: 0,
  hit_rate: 96.2,
  total_commands_processed: 75_000,
  latency_ms: 0.3,
};

const UNMEASURED_CACHE = Object.fromEntries(Object.keys(CACHE).map((name) => [name, null]));

export const HEALTHY_EXAMPLE = {
  status: 'healthy',
  database: true,
  cache: true,
  started_at: STARTED_AT,
  db_statistics: { ...POOL, latency_ms: 1.2 },
  cache_statistics: CACHE,
  errors: [],
};

export const DEGRADED_EXAMPLE = {
  ...HEALTHY_EXAMPLE,
  status: 'degraded',
  cache: false,
  cache_statistics: UNMEASURED_CACHE,
  errors: ['The cache does not answer in time (CACHE_TIMEOUT)'],
};

export const UNHEALTHY_EXAMPLE = {
  ...HEALTHY_EXAMPLE,
  status: 'unhealthy',
  database: false,
  db_statistics: { ...POOL, latency_ms: null },
  errors: ['The database does not answer in time (DATABASE_TIMEOUT)'],
};

const SOURCE_HASH = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';

/** The same for an administrator: `source_hash` stands before `errors`. */
export function forAdmin({
  errors,
  ...report
}: typeof HEALTHY_EXAMPLE | typeof DEGRADED_EXAMPLE | typeof UNHEALTHY_EXAMPLE): object {
  return { ...report, source_hash: SOURCE_HASH, errors };
}

const HEALTH_JSON = {
  status: 'warn',
  releaseId: '1.0.0',
  serviceId: 'portal-server',
  checks: {
    'database:responseTime': [
      {
        componentType: 'datastore',
        observedValue: 1.2,
        observedUnit: 'ms',
        status: 'pass',
        time: '2026-03-01T00:00:02Z',
      },
    ],
    'cache:responseTime': [{ componentType: 'datastore', status: 'fail', time: '2026-03-01T00:00:02Z' }],
  },
};

/** A report in both forms, with an example for each status. */
export function reportContent(schema: JsonSchema, examples: Readonly<Record<string, object>>): Content {
  const named = Object.entries(examples).map(([status, value]) => [
    status,
    { summary: `While ${status}`, value },
  ]);
  return {
    'application/json': {
      schema,
      examples: Object.fromEntries(named) as Content[string]['examples'] & object,
    },
    'application/health+json': { schema: healthJsonSchema, example: HEALTH_JSON },
  };
}
