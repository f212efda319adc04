/**
 * How things stand at one moment, as it is published: all of it for administrators, some of it for anybody.
 */
import type { HealthSnapshot, ProblemCode, Report, State, Status } from 'portal-health';
import type { Held } from '../stand.js';

/** Since when a part has been as it is. Times are ISO 8601, UTC, with milliseconds. */
export interface ComponentDocument {
  readonly state: State;
  readonly since: string;
  /** Since when it answers (`up`, `slow`, `limited`), or since when it does not (`down`, `stale`), whatever the cause. */
  readonly answers_since: string;
  /** `null` before the first look. */
  readonly checked_at: string | null;
}

/** A cause that holds, and since when. */
export interface CauseDocument {
  /** The part it was found at: `database`, `cache`, the name of a check, `source`, `process`. */
  readonly component: string;
  readonly code: ProblemCode;
  readonly since: string;
}

/** Everything for an administrator, at one moment. */
export interface LiveSnapshot {
  readonly report: Report;
  /** Since when the status is what it is. */
  readonly since: string;
  readonly causes: readonly CauseDocument[];
  readonly parts: Readonly<Record<string, ComponentDocument>>;
  readonly at: string;
}

/** For anybody. */
export interface PublicStatus {
  readonly status: Status;
  readonly since: string;
  readonly database: Report['database'];
  readonly cache: Report['cache'];
  /** The codes that `GET /health` has for anybody, each with since when. */
  readonly causes: readonly CauseDocument[];
  /** When the database or the cache was last looked at; `null` before the first look. */
  readonly checked_at: string | null;
}

/** For administrators. `atMs` in milliseconds since 1970. */
export function liveSnapshotOf(
  report: Report,
  { components: findings }: HealthSnapshot,
  held: Held,
  atMs: number,
): LiveSnapshot {
  const checked = new Map(
    findings.map(({ name, checkedAt: lookedAt }) => [name, lookedAt?.toISOString() ?? null]),
  );
  const parts = held.parts.map(({ name, state, since, answersSince }) => [
    name,
    {
      state,
      since: iso(since),
      answers_since: iso(answersSince),
      checked_at: checked.get(name) ?? null,
    } satisfies ComponentDocument,
  ]);
  return {
    report,
    since: iso(held.since),
    causes: held.causes.map(({ component, code, since }) => ({
      component,
      // Only ever taken from the facts.
      code: code as ProblemCode,
      since: iso(since),
    })),
    parts: Object.fromEntries(parts) as LiveSnapshot['parts'],
    at: iso(atMs),
  };
}

/** For anybody. */
export function publicStatusOf({ report, since, causes, parts }: LiveSnapshot): PublicStatus {
  const looks = [parts['database']?.checked_at, parts['cache']?.checked_at].filter(
    (one): one is string => typeof one === 'string',
  );
  const { status, database, cache } = report;
  return { status, since, database, cache, causes, checked_at: looks.toSorted().at(-1) ?? null };
}

function iso(ms: number): string {
  return new Date(Math.round(ms)).toISOString();
}
