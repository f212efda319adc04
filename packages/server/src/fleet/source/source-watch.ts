/**
 * How the source of one service stands, since when, and since when each of its groups runs. All times in milliseconds since 1970.
 */
import { judgeSource, ROLLING_MS, type FoundSource, type FleetSourceVerdict } from './source-verdict.js';
import { createReleaseFile } from './release-file.js';
import type { PinnedRelease } from './pinned-keys.js';

/** How the source of a service stands. */
export interface SourceView extends FleetSourceVerdict {
  /** Of the state. */
  readonly since: number;
  /** Since when the watcher sees each group, by hash. */
  readonly groupsSince: ReadonlyMap<string, number>;
  /** The lowest sequence that is believed; `null`: none is pinned. */
  readonly minimumSequence: number | null;
}

export interface SourceWatch {
  /** Judges anew. To be called about once a second, while the watcher sees. */
  update(found: FoundSource, nowMs: number): void;
  view(): SourceView;
}

/** When time alone makes another verdict of it at the earliest: a release is over, or is rolled out for too long. */
function changesAt({ mixedSince }: FleetSourceVerdict, { releases }: FoundSource, nowMs: number): number {
  const ends = releases.map(({ release }) => release.expiresAt).filter((endsAt) => endsAt > nowMs);
  const split = mixedSince === null ? Number.POSITIVE_INFINITY : mixedSince + ROLLING_MS;
  return Math.min(...ends, split > nowMs ? split : Number.POSITIVE_INFINITY);
}

const NOTHING: FoundSource = { groups: [], notReported: 0, releases: [], refused: [] };

/** @param pinned - `null`: nobody says what is expected */
export function createSourceWatch(pinned: PinnedRelease | null, startedMs: number): SourceWatch {
  const file =
    pinned && pinned.statementFile !== null ? createReleaseFile(pinned, pinned.statementFile) : undefined;
  let groupsSince: ReadonlyMap<string, number> = new Map();
  let verdict = judgeSource(NOTHING, null, startedMs);
  let since = startedMs;
  let shown: SourceView | undefined;
  let judged: { readonly found: FoundSource; readonly atMs: number; readonly untilMs: number } | undefined;

  /** Nothing but time can change the verdict of what was found before. */
  function isJudged(found: FoundSource, nowMs: number): boolean {
    return judged?.found === found && !file && nowMs >= judged.atMs && nowMs < judged.untilMs;
  }

  function withFile(found: FoundSource): FoundSource {
    const signed = file?.signed() ?? [];
    const refused = signed.flatMap((one) =>
      one.kind === 'refused' ? [{ instance: null, code: one.code }] : [],
    );
    const releases = [
      ...signed.map((one) => ({ signed: one, instances: [null] })),
      // When the time of one that is out of the file is over, nobody has to be told.
      ...(file?.signedBefore() ?? []).map((one) => ({ signed: one, instances: [] })),
    ].flatMap(({ signed: one, instances }) =>
      one.kind === 'believed' ? [{ release: one.release, instances }] : [],
    );
    return {
      ...found,
      releases: [...found.releases, ...releases],
      refused: [...found.refused, ...refused],
    };
  }

  return {
    update(found, nowMs) {
      if (isJudged(found, nowMs)) return;
      const next = judgeSource(withFile(found), verdict.mixedSince, nowMs);
      since = next.state === verdict.state ? Math.min(since, nowMs) : nowMs;
      verdict = next;
      groupsSince = new Map(next.groups.map(({ hash }) => [hash, groupsSince.get(hash) ?? nowMs]));
      judged = { found, atMs: nowMs, untilMs: changesAt(next, found, nowMs) };
      shown = undefined;
    },
    view() {
      shown ??= { ...verdict, since, groupsSince, minimumSequence: pinned?.minimumSequence ?? null };
      return shown;
    },
  };
}
