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

/** One probe at one moment, staleness already told. */
export interface Finding {
  /** `database`, `cache`, or the name of a check of your own. */
  readonly name: string;
  readonly critical: boolean;
  readonly state: State;
  readonly problems: readonly ProblemCode[];
}

/** Everything a report is made of. */
export interface Facts {
  /** Start of the service, already in the published form. */
  readonly startedAt: string;
  /** `undefined`: the application has none, and said so by not naming it. */
  readonly database: Finding | undefined;
  readonly cache: Finding | undefined;
  readonly checks: readonly Finding[];
  /** Findings that belong to no probe: pool, source, event loop. */
  readonly others: readonly ProblemCode[];
  readonly databaseStatistics: DatabaseStatistics;
  readonly cacheStatistics: CacheStatistics;
  readonly sourceHash: string | null;
}

/** The report for a viewer: keys and their order as published, frozen throughout, so that it can be handed on. */
export function buildReport(facts: Facts, viewer: Viewer): Report {
  const parts = [facts.database, facts.cache, ...facts.checks].filter((part) => part !== undefined);
  const problems = inOrder([...parts.flatMap((part) => part.problems), ...facts.others]);
  return Object.freeze({
    status: verdict(
      parts,
      problems.map((code) => PROBLEMS[code].effect),
    ),
    database: answers(facts.database),
    cache: answers(facts.cache),
    started_at: facts.startedAt,
    db_statistics: Object.freeze(facts.databaseStatistics),
    cache_statistics: Object.freeze(facts.cacheStatistics),
    ...(viewer === 'admin' ? { source_hash: facts.sourceHash } : {}),
    errors: Object.freeze(problems.map(describe)),
  });
}

/** ISO 8601 in UTC with whole seconds, as published: `2026-03-01T00:00:00Z`. */
export function publishedTime(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

/** A figure with one decimal; `null` stays "not measured". */
export function oneDecimal(figure: number | null): number | null {
  return figure === null ? null : Math.round(figure * 10) / 10;
}

function answers(finding: Finding | undefined): boolean {
  return finding !== undefined && (finding.state === 'up' || finding.state === 'slow');
}
