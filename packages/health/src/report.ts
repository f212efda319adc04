/**
 * Outcomes and statistics in, the published document out. Pure: what is true now is decided by the caller.
 */
import type { Identity } from './identity.js';
import { describe, inOrder, PROBLEMS, type ProblemCode, type RemarkCode } from './problems.js';
import type { RunCounts } from './run-counts.js';
import type { CacheStatistics, DatabaseStatistics, Report, State, Viewer } from './types.js';
import { isUp, verdict } from './verdict.js';

/** `db_statistics` of an application whose pool cannot be read, or that has none. */
export const UNMEASURED_DATABASE: DatabaseStatistics = Object.freeze({
  size: null,
  checked_in: null,
  checked_out: null,
  overflow: null,
  total: null,
  latency_ms: null,
});

/** `cache_statistics` while the cache does not answer, or there is none. */
export const UNMEASURED_CACHE: CacheStatistics = Object.freeze({
  memory_usage_bytes: null,
  total_keys: null,
  connected_clients: null,
  uptime_seconds: null,
  evicted_keys: null,
  hit_rate: null,
  total_commands_processed: null,
  latency_ms: null,
});

/** What a part is. */
export type ComponentType = 'database' | 'cache' | 'check';

/** One part at one moment, staleness and what its pool says already told. */
export interface ComponentStatus {
  /** `database`, `cache`, or the name that the application has given. */
  readonly name: string;
  readonly type: ComponentType;
  readonly critical: boolean;
  readonly state: State;
  readonly problems: readonly ProblemCode[];
  /** What is worth a line and has no effect on the status. */
  readonly remarks?: readonly RemarkCode[];
  /** Round trip of its last question in milliseconds; `null` when there was no fresh answer. */
  readonly latencyMs: number | null;
  /** When it was last looked at; `null` before the first time. */
  readonly checkedAt: Date | null;
}

/** A database of several, as `database` is told of the one. */
export interface NamedDatabase {
  readonly name: string;
  readonly statistics: DatabaseStatistics;
  /** Callers who wait for a connection of its pool. */
  readonly waiting: number | null;
  /** Findings about its pool. */
  readonly problems: readonly ProblemCode[];
}

/** A cache of several, as `cache` is told of the one. */
export interface NamedCache {
  readonly name: string;
  readonly statistics: CacheStatistics;
}

/** Everything a report is made of, as it stands at one moment. */
export interface HealthSnapshot {
  /** Start of the service, already in the published form. */
  readonly startedAt: string;
  /** Every part, database and cache first; what the application has not named is not among them. */
  readonly components: readonly ComponentStatus[];
  /** Findings that belong to no part: pool of `database`, source, event loop. */
  readonly otherProblems: readonly ProblemCode[];
  readonly databaseStatistics: DatabaseStatistics;
  /** Callers who wait for a connection of the pool. */
  readonly poolWaiting: number | null;
  readonly cacheStatistics: CacheStatistics;
  /** Those beside `database` and `cache`. */
  readonly databases: readonly NamedDatabase[];
  readonly caches: readonly NamedCache[];
  readonly sourceHash: string | null;
  /** How the source stands in one word; `null` where none is watched. */
  readonly sourceState: string | null;
  /** Which service this is: not for the report. */
  readonly identity: Identity;
  /** How the runs of each component went since the start, in the order of `components`. */
  readonly runs: readonly RunCounts[];
}

/** The report for a viewer: keys and their order as published, frozen throughout, so that it can be handed on. */
export function buildReport(snapshot: HealthSnapshot, viewer: Viewer): Report {
  const { components: findings } = snapshot;
  const problems = allProblems(snapshot);
  return Object.freeze({
    status: verdict(
      findings,
      problems.map((code) => PROBLEMS[code].effect),
    ),
    database: allUp(findings, 'database'),
    cache: allUp(findings, 'cache'),
    started_at: snapshot.startedAt,
    db_statistics: Object.freeze(snapshot.databaseStatistics),
    cache_statistics: Object.freeze(snapshot.cacheStatistics),
    ...(viewer === 'admin' ? { source_hash: snapshot.sourceHash } : {}),
    errors: Object.freeze(errorsOf(snapshot)),
  });
}

/** The report of a service whose report cannot be made: nothing is known, and that is what it says. */
export function failedReport(startedAt: string, viewer: Viewer): Report {
  return {
    status: 'unhealthy',
    database: false,
    cache: false,
    started_at: startedAt,
    db_statistics: UNMEASURED_DATABASE,
    cache_statistics: UNMEASURED_CACHE,
    ...(viewer === 'admin' ? { source_hash: null } : {}),
    errors: [describe('CHECK_FAILED')],
  };
}

/** Every problem there is at the moment, each once, in the catalogue's order. */
export function allProblems(snapshot: HealthSnapshot): readonly ProblemCode[] {
  return inOrder(namedProblems(snapshot).map(([, code]) => code));
}

/** One entry a cause, each once, in the catalogue's order; it names whom it is about where there may be several. */
function errorsOf(facts: HealthSnapshot): readonly string[] {
  const named = namedProblems(facts);
  return inOrder(named.map(([, code]) => code)).flatMap((code) => {
    const names = new Set(named.filter(([, one]) => one === code).map(([name]) => name));
    return [...names].map((name) => (name === '' ? describe(code) : `${name}: ${describe(code)}`));
  });
}

/** Every problem with the name that its entry begins with; none for the one database, the one cache and the process. */
function namedProblems({
  components: findings,
  otherProblems: others,
  databases,
}: HealthSnapshot): readonly (readonly [string, ProblemCode])[] {
  return [
    ...findings.flatMap(({ name, problems }) => problems.map((code) => [nameIn(name), code] as const)),
    ...others.map((code) => ['', code] as const),
    ...databases.flatMap(({ name, problems }) => problems.map((code) => [name, code] as const)),
  ];
}

function nameIn(name: string): string {
  return name === 'database' || name === 'cache' ? '' : name;
}

/** ISO 8601 in UTC with whole seconds, as published: `2026-03-01T00:00:00Z`. */
export function publishedTime(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

/** A figure with one decimal; `null` stays "not measured". */
export function oneDecimal(figure: number | null): number | null {
  return figure === null ? null : Math.round(figure * 10) / 10;
}

/** Whether all of a kind answer; `null` when there is none. */
function allUp(findings: readonly ComponentStatus[], kind: ComponentType): boolean | null {
  const ofKind = findings.filter((finding) => finding.type === kind);
  return ofKind.length === 0 ? null : ofKind.every(({ state }) => isUp(state));
}
