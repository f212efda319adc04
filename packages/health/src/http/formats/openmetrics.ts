/**
 * The facts as metrics, in the text formats of OpenMetrics 1.0 and of Prometheus 0.0.4. A figure that was not measured
 * has no sample, which Prometheus tells from 0.
 *
 * Those of the pool are named after OpenTelemetry's conventions, save for `db.client.connection.count`: Prometheus
 * keeps `_count` for histograms, and its linter refuses a gauge of that name.
 */
import { PROBLEMS, type ProblemCode } from '../../problems.js';
import { REASON_CODES } from '../../reasons/reason-codes.js';
import type { Reason } from '../../reasons/reasons.js';
import { allProblems, type HealthSnapshot } from '../../report.js';
import type { CacheStatistics, Status } from '../../types.js';
import { isUp } from '../../verdict.js';

/** Which of the two formats; they differ in the names of counters, in units, and in the end of the text. */
export type MetricsFormat = 'openmetrics' | 'prometheus';

/** One sample: its labels and its value; `null` is left out. */
type Sample = readonly [labels: Readonly<Record<string, string>>, value: number | null];

interface Metric {
  /** Without `_total`, which counters get where their format wants it. */
  readonly name: string;
  readonly type: 'gauge' | 'counter';
  readonly unit?: 'seconds' | 'bytes';
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** What only administrators and machine tokens see. */
export interface AdminMetrics {
  /** Which source runs; `null` while it is not known. */
  readonly sourceHash: string | null;
  /** `undefined` where nothing is explained. */
  readonly reasons: readonly Reason[] | undefined;
}

const STATUSES: readonly Status[] = ['healthy', 'degraded', 'unhealthy'];

/**
 * The metrics of `facts`, whose verdict is `status`.
 *
 * @param ofAdmin - what administrators and machine tokens see besides
 */
export function metricsText(
  facts: HealthSnapshot,
  status: Status,
  format: MetricsFormat,
  ofAdmin: AdminMetrics = { sourceHash: null, reasons: undefined },
): string {
  const lines = [...metricsOf(facts, status), ...adminMetrics(ofAdmin)].flatMap((metric) =>
    linesOf(metric, format),
  );
  if (format === 'openmetrics') lines.push('# EOF');
  return `${lines.join('\n')}\n`;
}

function adminMetrics({ sourceHash, reasons }: AdminMetrics): readonly Metric[] {
  const holding = new Set(reasons?.map(({ code }) => code));
  return [
    gauge(
      'portal_source_info',
      'Always 1; the label is the hash of the source that runs.',
      sourceHash === null ? [] : [[{ source_hash: sourceHash }, 1]],
    ),
    gauge(
      'portal_health_reason',
      'Reasons of the catalogue: 1 for one that is seen now.',
      reasons === undefined ? [] : REASON_CODES.map((code) => [{ code }, holding.has(code) ? 1 : 0]),
    ),
  ];
}

function metricsOf(facts: HealthSnapshot, status: Status): readonly Metric[] {
  const { components: findings } = facts;
  const problems = new Set(allProblems(facts));
  return [
    gauge(
      'portal_health_status',
      'The verdict: 1 for the status that holds, 0 for the others.',
      STATUSES.map((one) => [{ status: one }, one === status ? 1 : 0]),
    ),
    gauge(
      'portal_health_up',
      'Whether a component answers: 1 for up, slow or limited, 0 for down or stale.',
      findings.map(({ name, state }) => [{ part: name }, isUp(state) ? 1 : 0]),
    ),
    gauge(
      'portal_health_problem',
      'Problems of the catalogue: 1 for one that exists now.',
      (Object.keys(PROBLEMS) as ProblemCode[]).map((code) => [{ code }, problems.has(code) ? 1 : 0]),
    ),
    {
      ...gauge(
        'portal_health_latency_seconds',
        'Round trip of the latest probe run of a component.',
        findings.map(({ name, latencyMs }) => [
          { part: name },
          latencyMs === null ? null : scaled(latencyMs, 1_000),
        ]),
      ),
      unit: 'seconds',
    },
    {
      ...gauge('portal_health_start_time_seconds', 'Start of the service, seconds since 1970.', [
        [{}, Date.parse(facts.startedAt) / 1_000],
      ]),
      unit: 'seconds',
    },
    ...poolMetrics(facts),
    ...cacheMetrics(facts),
  ];
}

/** Of `database` first, then of each named one. */
function poolMetrics({ databaseStatistics, poolWaiting, databases }: HealthSnapshot): readonly Metric[] {
  const pools = [{ name: 'database', statistics: databaseStatistics, waiting: poolWaiting }, ...databases];
  return [
    gauge(
      'db_client_connections',
      'Connections of the application in its pool, by state.',
      pools.flatMap(({ name, statistics }): readonly Sample[] => [
        [{ ...poolLabel(name), db_client_connection_state: 'idle' }, statistics.checked_in],
        [{ ...poolLabel(name), db_client_connection_state: 'used' }, statistics.checked_out],
      ]),
    ),
    gauge(
      'db_client_connection_max',
      'Most connections that the pool opens.',
      pools.map(({ name, statistics }) => [poolLabel(name), statistics.size]),
    ),
    gauge(
      'db_client_connection_pending_requests',
      'Callers who wait for a connection of the pool.',
      pools.map(({ name, waiting }) => [poolLabel(name), waiting]),
    ),
  ];
}

function poolLabel(name: string): Readonly<Record<string, string>> {
  return { db_client_connection_pool_name: name };
}

/** Of `cache` without a name, which it never had, then of each named one. */
function cacheMetrics({ cacheStatistics, caches }: HealthSnapshot): readonly Metric[] {
  function samples(read: (figures: CacheStatistics) => number | null): readonly Sample[] {
    return [
      [{}, read(cacheStatistics)],
      ...caches.map(({ name, statistics }) => [{ cache: name }, read(statistics)] as const),
    ];
  }

  return [
    {
      ...gauge(
        'portal_cache_memory_usage_bytes',
        'Memory that the cache uses.',
        samples((figures) => figures.memory_usage_bytes),
      ),
      unit: 'bytes',
    },
    gauge(
      'portal_cache_keys',
      'Keys in all databases of the cache.',
      samples((figures) => figures.total_keys),
    ),
    gauge(
      'portal_cache_connected_clients',
      'Clients connected to the cache.',
      samples((figures) => figures.connected_clients),
    ),
    {
      ...gauge(
        'portal_cache_uptime_seconds',
        'Time since the cache started.',
        samples((figures) => figures.uptime_seconds),
      ),
      unit: 'seconds',
    },
    gauge(
      'portal_cache_hit_ratio',
      'Look-ups that found their key, 0 to 1, since the cache started.',
      samples(({ hit_rate: rate }) => (rate === null ? null : scaled(rate, 100))),
    ),
    counter(
      'portal_cache_evicted_keys',
      'Keys evicted for lack of memory since the cache started.',
      samples((figures) => figures.evicted_keys),
    ),
    counter(
      'portal_cache_commands_processed',
      'Commands that the cache has processed since it started.',
      samples((figures) => figures.total_commands_processed),
    ),
  ];
}

/** A quotient without the noise of binary fractions: a millionth is finer than any of these figures. */
function scaled(figure: number, by: number): number {
  return Number((figure / by).toFixed(6));
}

function gauge(name: string, help: string, samples: readonly Sample[]): Metric {
  return { name, type: 'gauge', help, samples };
}

function counter(name: string, help: string, samples: readonly Sample[]): Metric {
  return { name, type: 'counter', help, samples };
}

function linesOf({ name, type, unit, help, samples }: Metric, format: MetricsFormat): string[] {
  const measured = samples.filter(([, value]) => value !== null);
  if (measured.length === 0) return [];
  const sampleName = type === 'counter' ? `${name}_total` : name;
  // OpenMetrics names the family, Prometheus the sample.
  const family = format === 'openmetrics' ? name : sampleName;
  return [
    `# TYPE ${family} ${type}`,
    ...(unit && format === 'openmetrics' ? [`# UNIT ${family} ${unit}`] : []),
    `# HELP ${family} ${help}`,
    ...measured.map(([labels, value]) => `${sampleName}${labelText(labels)} ${String(value)}`),
  ];
}

/** Values are names of parts, codes and states: letters, digits, `_` and `-`, so nothing needs escaping. */
function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
  return pairs.length > 0 ? `{${pairs.join(',')}}` : '';
}
