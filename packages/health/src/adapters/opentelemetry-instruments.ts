/**
 * The instruments that observe a health, with the names of OpenTelemetry's conventions where it has some.
 */
import { PROBLEMS, type ProblemCode } from '../problems.js';
import { allProblems, type HealthSnapshot } from '../report.js';
import type { CacheStatistics, DatabaseStatistics, Status } from '../types.js';
import { isUp } from '../verdict.js';

/** One value with its attributes; `null` is not observed. */
type Observation = readonly [attributes: Readonly<Record<string, string>>, value: number | null];

/** One instrument, and where its values are read. */
export interface Instrument {
  readonly name: string;
  readonly kind: 'Gauge' | 'UpDownCounter' | 'Counter';
  readonly unit: string;
  readonly description: string;
  readonly read: (facts: HealthSnapshot, status: Status) => readonly Observation[];
}

const STATUSES: readonly Status[] = ['healthy', 'degraded', 'unhealthy'];
const POOL = 'db.client.connection.pool.name';
const STATE = 'db.client.connection.state';

export const INSTRUMENTS: readonly Instrument[] = [
  {
    ...gauge('portal.health.status', '1', 'The verdict: 1 for the status that holds, 0 for the others.'),
    read: (_facts, status) => STATUSES.map((one) => [{ status: one }, one === status ? 1 : 0]),
  },
  {
    ...gauge('portal.health.up', '1', 'Whether a component answers: 1 for up or slow, 0 for down or stale.'),
    read: ({ components: findings }) =>
      findings.map(({ name, state }) => [{ part: name }, isUp(state) ? 1 : 0]),
  },
  {
    ...gauge('portal.health.problem', '1', 'Problems of the catalogue: 1 for one that exists now.'),
    read(facts) {
      const problems = allProblems(facts);
      const codes = Object.keys(PROBLEMS) as ProblemCode[];
      return codes.map((code) => [{ code }, problems.includes(code) ? 1 : 0]);
    },
  },
  {
    ...gauge('portal.health.latency', 's', 'Round trip of the latest probe run of a component.'),
    read: ({ components: findings }) =>
      findings.map(({ name, latencyMs }) => [{ part: name }, latencyMs === null ? null : latencyMs / 1_000]),
  },
  {
    name: 'portal.health.probe.runs',
    kind: 'Counter',
    unit: '{run}',
    description: 'Probe runs since the start; unknown is one from which this process was kept.',
    read: ({ runs }) =>
      runs.flatMap(({ name, outcomes }) =>
        Object.entries(outcomes).map(([outcome, count]) => [{ component: name, outcome }, count] as const),
      ),
  },
  {
    ...gauge(
      'portal.health.last_success.timestamp',
      's',
      'End of the last probe run that found a component up or slow, seconds since 1970.',
    ),
    read: ({ runs }) => runs.map(({ name, lastSuccessS }) => [{ component: name }, lastSuccessS]),
  },
  {
    name: 'db.client.connection.count',
    kind: 'UpDownCounter',
    unit: '{connection}',
    description: 'Connections of the application in its pool, by state.',
    read: (facts) =>
      ofPools(facts, ({ statistics }, pool) => [
        [{ ...pool, [STATE]: 'idle' }, statistics.checked_in],
        [{ ...pool, [STATE]: 'used' }, statistics.checked_out],
      ]),
  },
  {
    name: 'db.client.connection.max',
    kind: 'UpDownCounter',
    unit: '{connection}',
    description: 'Most connections that the pool opens.',
    read: (facts) => ofPools(facts, ({ statistics }, pool) => [[pool, statistics.size]]),
  },
  {
    name: 'db.client.connection.pending_requests',
    kind: 'UpDownCounter',
    unit: '{request}',
    description: 'Callers who wait for a connection of the pool.',
    read: (facts) => ofPools(facts, ({ waiting }, pool) => [[pool, waiting]]),
  },
  {
    ...gauge('portal.cache.memory_usage', 'By', 'Memory that the cache uses.'),
    read: (facts) => ofCaches(facts, (figures) => figures.memory_usage_bytes),
  },
  {
    ...gauge('portal.cache.keys', '{key}', 'Keys in all databases of the cache.'),
    read: (facts) => ofCaches(facts, (figures) => figures.total_keys),
  },
  {
    ...gauge('portal.cache.connected_clients', '{client}', 'Clients connected to the cache.'),
    read: (facts) => ofCaches(facts, (figures) => figures.connected_clients),
  },
  {
    ...gauge('portal.cache.uptime', 's', 'Time since the cache started.'),
    read: (facts) => ofCaches(facts, (figures) => figures.uptime_seconds),
  },
  {
    ...gauge(
      'portal.cache.hit_ratio',
      '1',
      'Look-ups that found their key, 0 to 1, since the cache started.',
    ),
    read: (facts) => ofCaches(facts, ({ hit_rate: rate }) => (rate === null ? null : rate / 100)),
  },
  {
    name: 'portal.cache.evicted_keys',
    kind: 'Counter',
    unit: '{key}',
    description: 'Keys evicted for lack of memory since the cache started.',
    read: (facts) => ofCaches(facts, (figures) => figures.evicted_keys),
  },
  {
    name: 'portal.cache.commands_processed',
    kind: 'Counter',
    unit: '{command}',
    description: 'Commands that the cache has processed since it started.',
    read: (facts) => ofCaches(facts, (figures) => figures.total_commands_processed),
  },
];

/** Of `database` first, then of each named one. */
function ofPools(
  { databaseStatistics, poolWaiting, databases }: HealthSnapshot,
  read: (
    of: { readonly statistics: DatabaseStatistics; readonly waiting: number | null },
    pool: Readonly<Record<string, string>>,
  ) => readonly Observation[],
): readonly Observation[] {
  const all = [{ name: 'database', statistics: databaseStatistics, waiting: poolWaiting }, ...databases];
  return all.flatMap((one) => read(one, { [POOL]: one.name }));
}

/** Of `cache` without a name, which it never had, then of each named one. */
function ofCaches(
  { cacheStatistics, caches }: HealthSnapshot,
  read: (figures: CacheStatistics) => number | null,
): readonly Observation[] {
  return [
    [{}, read(cacheStatistics)],
    ...caches.map(({ name, statistics }) => [{ cache: name }, read(statistics)] as const),
  ];
}

function gauge(name: string, unit: string, description: string): Omit<Instrument, 'read'> {
  return { name, kind: 'Gauge', unit, description };
}
