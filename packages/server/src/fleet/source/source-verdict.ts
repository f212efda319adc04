/**
 * What the instances of one service run, against what was released: an axis beside health, which sets neither its status nor its
 * colour. Pure and total; docs/fleet.md prints it as it is computed. All times in milliseconds since 1970.
 */

/** `not_reported`: no instance says what it runs. */
export const SOURCE_STATES = [
  'mismatched',
  'split',
  'rolling',
  'not_reported',
  'agreed',
  'verified',
] as const;
export type SourceState = (typeof SOURCE_STATES)[number];

/** Instances that report the same hash. */
export interface SourceGroup {
  readonly hash: string;
  readonly instances: number;
  /** `host:port`, the first of them; none where their collector names none. */
  readonly names: readonly string[];
}

/** A signed statement that is believed. */
export interface Release {
  readonly sourceHash: string;
  /** `null`: the hash was given by hand. */
  readonly version: string | null;
  readonly sequence: number;
  /** Not believed from then on. */
  readonly expiresAt: number;
}

/** A statement that is not believed. */
export interface RefusedRelease {
  /** Of the instance that shows it; `null`: it lies at the watcher. */
  readonly instance: string | null;
  /** Why, such as `E_SIGNATURE`. */
  readonly code: string;
}

/** What a statement says that is believed, and who shows it. */
export interface ShownRelease {
  readonly release: Release;
  /** `host:port`, the first of them; `null`: it lies at the watcher. */
  readonly instances: readonly (string | null)[];
}

/** What a service says of its source. */
export interface FoundSource {
  readonly groups: readonly SourceGroup[];
  /** Listed instances that report none; each is counted apart, and equals nothing. */
  readonly notReported: number;
  readonly releases: readonly ShownRelease[];
  readonly refused: readonly RefusedRelease[];
}

/** How a group stands against what is expected; `null` where nothing is. */
export type GroupKind = 'expected' | 'previous' | 'other' | null;

export interface FleetSourceVerdict {
  readonly state: SourceState;
  /** What is expected; `null`: nobody says so. */
  readonly release: Release | null;
  /** Instances that run what is expected; where nothing is, those of the largest group. */
  readonly matching: number;
  readonly reported: number;
  readonly notReported: number;
  readonly groups: readonly (SourceGroup & { readonly kind: GroupKind })[];
  readonly refused: readonly RefusedRelease[];
  /** Since when more than one thing runs that should be one; `null`: it does not. */
  readonly mixedSince: number | null;
  /** Instances that run something else, by name, as far as they have one. */
  readonly odd: readonly string[];
}

/** A release is rolled out within this time. */
export const ROLLING_MS = 15 * 60_000;
/** The code of a statement that was good, and whose time is over. */
const EXPIRED = 'E_EXPIRED';

/** @param mixedSince - of the verdict before; `null`: there is none, or it was not mixed */
export function judgeSource(
  found: FoundSource,
  mixedSince: number | null,
  nowMs: number,
): FleetSourceVerdict {
  const believed = found.releases.filter(({ release }) => release.expiresAt > nowMs);
  const refused = [...found.refused, ...expiredOf(found, nowMs)];
  const release = expectedOf(believed.map((one) => one.release));
  const older = believed.filter((one) => one.release.sequence < (release?.sequence ?? 0));
  const previous = new Set(older.map((one) => one.release.sourceHash));
  const groups = found.groups
    .map((group) => ({ ...group, kind: kindOf(group, release, previous) }))
    .toSorted((a, b) => b.instances - a.instances || (a.hash < b.hash ? -1 : 1));
  const right = release ? groups.find(({ hash }) => hash === release.sourceHash) : groups[0];
  const matching = right?.instances ?? 0;
  const reported = groups.reduce((sum, { instances }) => sum + instances, 0);
  const isMixed = matching < reported;
  const since = isMixed ? Math.min(mixedSince ?? nowMs, nowMs) : null;
  const names = groups.filter((group) => group !== right).flatMap((group) => group.names);
  return {
    state: stateOf(),
    release,
    matching,
    reported,
    notReported: found.notReported,
    groups,
    refused,
    mixedSince: since,
    odd: [...new Set([...refused.flatMap(({ instance }) => instance ?? []), ...names])],
  };

  // The first row that holds.
  function stateOf(): SourceState {
    if (refused.length > 0) return 'mismatched';
    if (reported === 0) return 'not_reported';
    if (groups.some(({ kind }) => kind === 'other')) return 'mismatched';
    if (!isMixed) return release ? 'verified' : 'agreed';
    return nowMs - (since ?? nowMs) < ROLLING_MS ? 'rolling' : 'split';
  }
}

/** The newest. Of two with one sequence the hash decides, so that every watcher expects the same. */
function expectedOf(releases: readonly Release[]): Release | null {
  const [first = null] = releases.toSorted(
    (a, b) => b.sequence - a.sequence || (a.sourceHash < b.sourceHash ? -1 : 1),
  );
  return first;
}

function kindOf({ hash }: SourceGroup, expected: Release | null, previous: ReadonlySet<string>): GroupKind {
  if (!expected) return null;
  if (hash === expected.sourceHash) return 'expected';
  return previous.has(hash) ? 'previous' : 'other';
}

function expiredOf({ releases }: FoundSource, nowMs: number): readonly RefusedRelease[] {
  return releases
    .filter(({ release }) => release.expiresAt <= nowMs)
    .flatMap(({ instances }) => instances.map((instance) => ({ instance, code: EXPIRED })));
}
