/**
 * The document of draft-inadarei-api-health-check-06, `application/health+json`: the same facts in words that other
 * tools already know.
 */
import { describe, PROBLEMS, type ProblemCode } from '../../problems.js';
import { oneDecimal, type HealthSnapshot, type ComponentStatus } from '../../report.js';
import type { CacheStatistics, Status, Viewer } from '../../types.js';
import { isUp } from '../../verdict.js';

/** The draft's words for a status. */
type HealthJsonStatus = 'pass' | 'warn' | 'fail';

/** One reading of one component. */
interface Check {
  readonly componentType: 'datastore' | 'component' | 'system';
  /** Absent, with its unit, when it was not measured. */
  readonly observedValue?: number | string;
  readonly observedUnit?: string;
  readonly status: HealthJsonStatus;
  /** When it was looked at: ISO 8601, UTC. */
  readonly time?: string;
  /** Sentences of the catalogue, for an administrator only, and not when all is well. */
  readonly output?: string;
}

/** The draft's document; `checks` is keyed by `component:measurement`. */
export interface HealthJson {
  readonly status: HealthJsonStatus;
  /** Release and name of the service, where they are known and may be told. */
  readonly releaseId?: string;
  readonly serviceId?: string;
  /** Which replica: not one of the draft's keys, and for an administrator only. */
  readonly instanceId?: string;
  readonly checks: Readonly<Record<string, readonly Check[]>>;
}

const STATUS: Readonly<Record<Status, HealthJsonStatus>> = {
  healthy: 'pass',
  degraded: 'warn',
  unhealthy: 'fail',
};

/** The draft's document of `facts`, whose verdict is `status`. */
export function healthJson(facts: HealthSnapshot, status: Status, viewer: Viewer): HealthJson {
  const checks: Record<string, readonly Check[]> = {};

  function add(key: string, check: Check, problems: readonly ProblemCode[] = []): void {
    const output =
      viewer === 'admin' && problems.length > 0 ? { output: problems.map(describe).join('; ') } : {};
    checks[key] = [{ ...check, ...output }];
  }

  for (const finding of facts.components) {
    const { name, type: kind, latencyMs, checkedAt: lookedAt, problems } = finding;
    const check: Check = {
      componentType: kind === 'check' ? 'component' : 'datastore',
      ...observed(oneDecimal(latencyMs), 'ms'),
      status: statusOfComponent(finding),
      ...(lookedAt ? { time: lookedAt.toISOString() } : {}),
    };
    add(`${name}:responseTime`, check, problems);
  }

  const { databaseStatistics, cacheStatistics } = facts;
  const problems = facts.otherProblems.filter((code) => code.startsWith('DATABASE_'));
  for (const pool of [{ name: 'database', statistics: databaseStatistics, problems }, ...facts.databases]) {
    // A pool that tells who waits and nothing else has no figures, and may have stalled all the same.
    if (pool.statistics.total === null && pool.problems.length === 0) continue;
    const figures = observed(pool.statistics.checked_out, 'connections');
    const check = { componentType: 'datastore', ...figures, status: worstOf(pool.problems) } as const;
    add(`${pool.name}:connections`, check, pool.problems);
  }
  for (const { name, statistics } of [{ name: 'cache', statistics: cacheStatistics }, ...facts.caches]) {
    for (const [measurement, figure, unit] of cacheFigures(statistics)) {
      if (figure === null) continue;
      add(`${name}:${measurement}`, {
        componentType: 'datastore',
        ...observed(figure, unit),
        status: 'pass',
      });
    }
  }

  for (const [key, prefix] of [
    ['source:hash', 'SOURCE_'],
    ['eventLoop:delay', 'EVENT_LOOP_'],
  ] as const) {
    const own = facts.otherProblems.filter((code) => code.startsWith(prefix));
    const hash = key === 'source:hash' && viewer === 'admin' ? observed(facts.sourceHash, 'sha256') : {};
    if (own.length === 0 && hash.observedValue === undefined) continue;
    add(key, { componentType: 'system', ...hash, status: worstOf(own) }, own);
  }
  return { status: STATUS[status], ...identityKeys(facts.identity, viewer), checks };
}

function identityKeys(
  { service, version, instance }: HealthSnapshot['identity'],
  viewer: Viewer,
): Pick<HealthJson, 'releaseId' | 'serviceId' | 'instanceId'> {
  return {
    ...(version !== null && { releaseId: version }),
    ...(service !== null && { serviceId: service }),
    ...(instance !== null && viewer === 'admin' && { instanceId: instance }),
  };
}

function cacheFigures(cache: CacheStatistics): readonly (readonly [string, number | null, string])[] {
  return [
    ['memoryUsage', cache.memory_usage_bytes, 'bytes'],
    ['keys', cache.total_keys, 'keys'],
    ['connections', cache.connected_clients, 'connections'],
    ['uptime', cache.uptime_seconds, 's'],
    ['hitRate', cache.hit_rate, 'percent'],
  ];
}

function observed(
  value: number | string | null,
  unit: string,
): Pick<Check, 'observedValue' | 'observedUnit'> {
  return value === null ? {} : { observedValue: value, observedUnit: unit };
}

/** Of the part by itself, whether or not the application can do without it. */
function statusOfComponent({ state, problems }: ComponentStatus): HealthJsonStatus {
  if (!isUp(state)) return 'fail';
  return state === 'up' ? worstOf(problems) : 'warn';
}

function worstOf(problems: readonly ProblemCode[]): HealthJsonStatus {
  const effects = new Set(problems.map((code) => PROBLEMS[code].effect));
  if (effects.has('fails')) return 'fail';
  return effects.has('degrades') ? 'warn' : 'pass';
}
