/** Facts to make documents of: a healthy service and what can befall it. */
import type { ProblemCode } from '../../../src/problems.js';
import {
  UNMEASURED_CACHE,
  UNMEASURED_DATABASE,
  type HealthSnapshot,
  type ComponentStatus,
} from '../../../src/report.js';
import { RUN_BOUNDS_S } from '../../../src/run-counts.js';
import type { State } from '../../../src/types.js';

/** One part; a latency only while it is up. */
export function component(name: string, state: State = 'up', ...problems: ProblemCode[]): ComponentStatus {
  return {
    name,
    type: name === 'database' || name === 'cache' ? name : 'check',
    critical: name === 'database',
    state,
    problems,
    latencyMs: state === 'up' ? 1.234 : null,
    checkedAt: new Date('2026-03-01T00:00:02.500Z'),
  };
}

/** The service of the published page. */
export const HEALTHY_SNAPSHOT: HealthSnapshot = {
  startedAt: '2026-03-01T00:00:00Z',
  components: [component('database'), component('cache')],
  otherProblems: [],
  databaseStatistics: { size: 20, checked_in: 18, checked_out: 2, overflow: 0, total: 20, latency_ms: 1.2 },
  poolWaiting: 0,
  cacheStatistics: {
    memory_usage_bytes: 1814192,
    total_keys: 200,
    connected_clients: 5,
    uptime_seconds: 86400,
    evicted_keys: 0,
    hit_rate: 96.2,
    total_commands_processed: 75000,
    latency_ms: 0.3,
  },
  databases: [],
  caches: [],
  sourceHash: 'a1b2c3',
  sourceState: 'verified',
  identity: { service: 'orders', version: '1.4.0', instance: 'orders-7f9c' },
  runs: [
    {
      name: 'database',
      outcomes: { up: 3, slow: 1, down: 0, unknown: 0 },
      buckets: RUN_BOUNDS_S.map((bound) => (bound < 0.75 ? 3 : 4)),
      sumS: 0.612,
      lastSuccessS: 1_772_323_202.5,
    },
  ],
};

/** The same with nothing measured and every kind of finding. */
export const BROKEN_SNAPSHOT: HealthSnapshot = {
  ...HEALTHY_SNAPSHOT,
  components: [
    component('database', 'down', 'DATABASE_TIMEOUT'),
    component('cache', 'stale', 'CHECK_STALE'),
    component('queue', 'slow', 'CHECK_SLOW'),
  ],
  otherProblems: ['SOURCE_DRIFTED', 'EVENT_LOOP_DELAYED'],
  databaseStatistics: UNMEASURED_DATABASE,
  poolWaiting: null,
  cacheStatistics: UNMEASURED_CACHE,
  sourceHash: null,
  sourceState: null,
};
