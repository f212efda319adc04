/**
 * Outcomes and statistics in, the published document out. Pure: what is true now is decided by the caller.
 */
import { describe, inOrder, PROBLEMS, type ProblemCode } from './problems.js';
import type { CacheStatistics, DatabaseStatistics, Report, State, Viewer } from './types.js';
import { verdict } from './verdict.js';

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

/** One part at one moment, staleness already told. */
export interface Finding {
  /** `database`, `cache`, or the name of a check of your own. */
  readonly name: string;
  readonly critical: boolean;
  readonly state: State;
  readonly problems: readonly ProblemCode[];
  /** Round trip of its last question in milliseconds; `null` when there was no fresh answer. */
  readonly latencyMs: number | null;
  /** When it was last looked at; `null` before the first time. */
  readonly lookedAt: Date | null;
}

/** Everything a report is made of, as it stands at one moment. */
export interface Facts {
  /** Start of the service, already in the published form. */
  readonly startedAt: string;
  /** Every part, database and cache first; what the application has not named is not among them. */
  readonly findings: readonly Finding[];
  /** Findings that belong to no part: pool, source, event loop. */
  readonly others: readonly ProblemCode[];
  readonly databaseStatistics: DatabaseStatistics;
  /** Callers who wait for a connection of the pool. */
  readonly poolWaiting: number | null;
  readonly cacheStatistics: CacheStatistics;
  readonly sourceHash: string | null;
}

/** The report for a viewer: keys and their order as published, frozen throughout, so that it can be handed on. */
export function buildReport(facts: Facts, viewer: Viewer): Report {
  const { findings } = facts;
  const problems = problemsOf(facts);
  return Object.freeze({
    status: verdict(
      findings,
      problems.map((code) => PROBLEMS[code].effect),
    ),
    database: answers(findings, 'database'),
    cache: answers(findings, 'cache'),
    started_at: facts.startedAt,
    db_statistics: Object.freeze(facts.databaseStatistics),
    cache_statistics: Object.freeze(facts.cacheStatistics),
    ...(viewer === 'admin' ? { source_hash: facts.sourceHash } : {}),
    errors: Object.freeze(problems.map(describe)),
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
export function problemsOf({ findings, others }: Facts): readonly ProblemCode[] {
  return inOrder([...findings.flatMap((finding) => finding.problems), ...others]);
}

/** ISO 8601 in UTC with whole seconds, as published: `2026-03-01T00:00:00Z`. */
export function publishedTime(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

/** A figure with one decimal; `null` stays "not measured". */
export function oneDecimal(figure: number | null): number | null {
  return figure === null ? null : Math.round(figure * 10) / 10;
}

function answers(findings: readonly Finding[], name: string): boolean {
  return findings.some((finding) => finding.name === name && isUp(finding.state));
}

/** Whether it answers at all, in time or slowly. */
export function isUp(state: State | undefined): boolean {
  return state === 'up' || state === 'slow';
}
