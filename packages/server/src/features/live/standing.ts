/**
 * How things stand, and since when: the report says what is true now, and somebody who is woken up asks first for how
 * long. In memory, so it is known during every outage; it begins anew with the process.
 */
import type { Facts, Health, Report, State, Status } from 'portal-health';

/** Since when a part has been as it is. Times are ISO 8601, UTC, with milliseconds. */
export interface PartStanding {
  readonly state: State;
  readonly since: string;
  /** `null` before the first look. */
  readonly checked_at: string | null;
}

/** Everything for an administrator, at one moment. */
export interface Snapshot {
  readonly report: Report;
  /** Since when the status is what it is. */
  readonly since: string;
  readonly parts: Readonly<Record<string, PartStanding>>;
  readonly at: string;
}

/** For anybody. */
export interface PublicStatus {
  readonly status: Status;
  readonly since: string;
  readonly database: boolean;
  readonly cache: boolean;
  /** When the database or the cache was last looked at; `null` before the first look. */
  readonly checked_at: string | null;
}

/** Keeps count of since when. */
export interface Standing {
  /** To be called after every look, so that no change is noted late. */
  note(): void;
  snapshot(): Snapshot;
  publicStatus(): PublicStatus;
}

interface Since<Value> {
  readonly value: Value;
  readonly since: string;
}

/** Begins to count. */
export function createStanding(health: Health, now: () => Date = () => new Date()): Standing {
  let status: Since<Status> | undefined;
  const parts = new Map<string, Since<State>>();

  function sinceStatus(value: Status): string {
    if (status?.value !== value) status = { value, since: now().toISOString() };
    return status.since;
  }

  function sinceState(name: string, value: State): string {
    const known = parts.get(name);
    if (known?.value === value) return known.since;
    const since = now().toISOString();
    parts.set(name, { value, since });
    return since;
  }

  function partsOf({ findings }: Facts): Snapshot['parts'] {
    return Object.fromEntries(
      findings.map(({ name, state, lookedAt }) => [
        name,
        { state, since: sinceState(name, state), checked_at: lookedAt?.toISOString() ?? null },
      ]),
    );
  }

  function snapshot(): Snapshot {
    const report = health.report('admin');
    const parts1 = partsOf(health.facts());
    return { report, since: sinceStatus(report.status), parts: parts1, at: now().toISOString() };
  }

  return {
    note: () => void snapshot(),
    snapshot,
    publicStatus() {
      const { report, since, parts: standing } = snapshot();
      const looks = [standing['database']?.checked_at, standing['cache']?.checked_at].filter(
        (look): look is string => typeof look === 'string',
      );
      const { status: verdict, database, cache } = report;
      return { status: verdict, since, database, cache, checked_at: looks.toSorted().at(-1) ?? null };
    },
  };
}
