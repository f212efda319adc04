/**
 * The tracked status as it is published: to administrators everything, to anyone a part. Times are ISO 8601, UTC, with
 * milliseconds.
 */
import type { HealthSnapshot, ProblemCode, Report, State, Status } from 'portal-health';
import type { TrackedStatus } from '../tracked-status.js';
import { publicSentence, worstFirst } from './public-words.js';

export interface ComponentDocument {
  readonly state: State;
  readonly since: string;
  /** Since when it answers (`up`, `slow`, `limited`), or since when it does not (`down`, `stale`), whatever the cause. */
  readonly answers_since: string;
  /** `null` before the first probe run. */
  readonly checked_at: string | null;
}

export interface CauseDocument {
  /** `database`, `cache`, the name of a check, `source` or `process`. */
  readonly component: string;
  readonly code: ProblemCode;
  readonly since: string;
}

export interface LiveSnapshot {
  readonly report: Report;
  /** Of the status, whatever its causes. */
  readonly since: string;
  /** The worst first. */
  readonly causes: readonly CauseDocument[];
  readonly parts: Readonly<Record<string, ComponentDocument>>;
  /** Callers who wait for a connection of the pool; `null`: not known. */
  readonly pool_waiting: number | null;
  readonly at: string;
}

export interface PublicStatus {
  readonly status: Status;
  /** The worst cause in words. */
  readonly sentence: string;
  readonly since: string;
  readonly database: Report['database'];
  readonly cache: Report['cache'];
  /** The codes that `GET /health` shows to anyone. */
  readonly causes: readonly CauseDocument[];
  /** The latest probe run of database and cache; `null` before the first. */
  readonly checked_at: string | null;
}

/** @param atMs - in milliseconds since 1970 */
export function liveSnapshotOf(
  report: Report,
  { components, poolWaiting }: HealthSnapshot,
  tracked: TrackedStatus,
  atMs: number,
): LiveSnapshot {
  const checkedAt = new Map(components.map(({ name, checkedAt: at }) => [name, at?.toISOString() ?? null]));
  const parts = tracked.components.map(({ name, state, since, answersSince }) => [
    name,
    {
      state,
      since: iso(since),
      answers_since: iso(answersSince),
      checked_at: checkedAt.get(name) ?? null,
    } satisfies ComponentDocument,
  ]);
  return {
    report,
    since: iso(tracked.since),
    causes: worstFirst(
      tracked.causes.map(({ component, code, since }) => ({
        component,
        // Codes come from a health snapshot, or from a file that was written from one.
        code: code as ProblemCode,
        since: iso(since),
      })),
    ),
    parts: Object.fromEntries(parts) as LiveSnapshot['parts'],
    pool_waiting: poolWaiting ?? null,
    at: iso(atMs),
  };
}

export function publicStatusOf({ report, since, causes, parts }: LiveSnapshot): PublicStatus {
  const checks = [parts['database']?.checked_at, parts['cache']?.checked_at].filter(
    (at): at is string => typeof at === 'string',
  );
  const { status, database, cache } = report;
  const sentence = publicSentence(report, causes[0]?.code);
  return { status, sentence, since, database, cache, causes, checked_at: checks.toSorted().at(-1) ?? null };
}

function iso(ms: number): string {
  return new Date(Math.round(ms)).toISOString();
}
