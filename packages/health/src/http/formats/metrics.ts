/**
 * The facts as metrics, whoever writes them down: `/metrics` in its two formats, and the registry of prom-client. A figure
 * that was not measured has no sample, which Prometheus tells from 0.
 *
 * Those of the pool are named after OpenTelemetry's conventions, save for `db.client.connection.count`: Prometheus
 * keeps `_count` for histograms, and its linter refuses a gauge of that name.
 */
import { PROBLEMS, type ProblemCode } from '../../problems.js';
import { REASON_CODES } from '../../reasons/reason-codes.js';
import type { Reason } from '../../reasons/reasons.js';
import { allProblems, type HealthSnapshot } from '../../report.js';
import { RUN_BOUNDS_S } from '../../run-counts.js';
import type { CacheStatistics, Status } from '../../types.js';
import { isUp } from '../../verdict.js';

/** One sample: its labels, its value, `null` being left out, and what of a histogram it is. */
type Sample = readonly [
  labels: Readonly<Record<string, string>>,
  value: number | null,
  suffix?: '_bucket' | '_sum' | '_count',
];

/** One metric with its samples, in no format yet. */
export interface Metric {
  /** Without the `_total` of counters and the `_info` of infos, which their samples get. */
  readonly name: string;
  readonly type: 'gauge' | 'counter' | 'histogram' | 'info';
  readonly unit?: 'seconds' | 'bytes';
  readonly help: string;
  readonly samples: readonly Sample[];
}

const SAMPLE_SUFFIX = { gauge: '', counter: '_total', histogram: '', info: '_info' } as const;

/** What the samples of a metric are called, those of a histogram apart. */
export function sampleNameOf({ name, type }: Metric): string {
  return `${name}${SAMPLE_SUFFIX[type]}`;
}

const STATUSES: readonly Status[] = ['healthy', 'degraded', 'unhealthy'];

/** What only administrators and machine tokens see, besides what the snapshot has for them. */
export interface AdminView {
  /** `undefined` where nothing is explained. */
  readonly reasons: readonly Reason[] | undefined;
}

/**
 * The metrics of `facts`, whose verdict is `status`.
 *
 * @param ofAdmin - given for administrators and machine tokens, who see more
 */
export function metricsOf(facts: HealthSnapshot, status: Status, ofAdmin?: AdminView): readonly Metric[] {
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
    ...runMetrics(facts),
    ...poolMetrics(facts),
    ...cacheMetrics(facts),
    targetInfo(facts, ofAdmin !== undefined),
    ...(ofAdmin ? adminMetrics(facts, ofAdmin) : []),
  ];
}

function adminMetrics(
  { sourceHash, sourceState }: HealthSnapshot,
  { reasons }: AdminView,
): readonly Metric[] {
  const holding = new Set(reasons?.map(({ code }) => code));
  return [
    gauge(
      'portal_source_info',
      'Always 1; the labels say which source runs, and how it stands.',
      sourceHash === null ? [] : [[{ hash: sourceHash, state: sourceState ?? 'unsigned' }, 1]],
    ),
    gauge(
      'portal_health_reason',
      'Reasons of the catalogue: 1 for one that is seen now.',
      reasons === undefined ? [] : REASON_CODES.map((code) => [{ code }, holding.has(code) ? 1 : 0]),
    ),
  ];
}

/** What a gauge that is read now and then does not see: every run since the start. */
function runMetrics({ runs }: HealthSnapshot): readonly Metric[] {
  return [
    counter(
      'portal_health_probe_runs',
      'Probe runs since the start; unknown is one from which this process was kept.',
      runs.flatMap(({ name, outcomes }) =>
        Object.entries(outcomes).map(([outcome, count]): Sample => [{ component: name, outcome }, count]),
      ),
    ),
    {
      name: 'portal_health_probe_duration_seconds',
      type: 'histogram',
      unit: 'seconds',
      help: 'How long a probe run took, connecting and login included.',
      samples: runs.flatMap(({ name, outcomes, buckets, sumS }): readonly Sample[] => {
        const labels = { component: name };
        const count = Object.values(outcomes).reduce((sum, one) => sum + one, 0);
        return [
          ...RUN_BOUNDS_S.map((bound, place): Sample => [
            { ...labels, le: boundText(bound) },
            buckets[place] ?? 0,
            '_bucket',
          ]),
          [{ ...labels, le: '+Inf' }, count, '_bucket'],
          [labels, scaled(sumS, 1), '_sum'],
          [labels, count, '_count'],
        ];
      }),
    },
    {
      ...gauge(
        'portal_health_last_success_timestamp_seconds',
        'End of the last probe run that found a component up or slow, seconds since 1970.',
        runs.map(({ name, lastSuccessS }) => [
          { component: name },
          lastSuccessS === null ? null : Number(lastSuccessS.toFixed(3)),
        ]),
      ),
      unit: 'seconds',
    },
  ];
}

/** As OpenMetrics writes a float that is whole. */
function boundText(bound: number): string {
  return Number.isInteger(bound) ? bound.toFixed(1) : String(bound);
}

/** Labels as OpenTelemetry's attributes of a resource are named for Prometheus. */
function targetInfo({ identity }: HealthSnapshot, isForAdmin: boolean): Metric {
  const { service, version, instance } = identity;
  const labels = {
    ...(service !== null && { service_name: service }),
    ...(version !== null && { service_version: version }),
    ...(instance !== null && isForAdmin && { service_instance_id: instance }),
  };
  return {
    name: 'target',
    type: 'info',
    help: 'Which service this is, and which release of it.',
    samples: Object.keys(labels).length === 0 ? [] : [[labels, 1]],
  };
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
