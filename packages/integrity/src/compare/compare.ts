/**
 * Two trees beside each other: not only that they differ, but what became of what.
 */
import type { Change, Comparison } from './change.js';
import { groupChanges } from './group.js';
import type { ManifestEntry } from '../scan/manifest.js';
import { textDifference } from './text-difference.js';

/** The content of a file of the second tree, for a closer look; `undefined` when it cannot be had. */
export type ReadContent = (path: string) => Buffer | undefined;

/** SHA-256 of nothing. Empty files are alike without having anything to do with each other. */
const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

/** How `after` differs from `before`. */
export function compareTrees(
  before: readonly ManifestEntry[],
  after: readonly ManifestEntry[],
  readContent: ReadContent = () => undefined,
): Comparison {
  const old = digestsOf(before);
  const now = digestsOf(after);
  const added = after.filter(({ path }) => !old.has(path));
  const removed = before.filter(({ path }) => !now.has(path));
  const modified = after.filter(({ path, digest }) => (old.get(path) ?? digest) !== digest);
  const origins = pathsByDigest(before);

  function becameOf({ path, digest }: ManifestEntry): Change {
    const previous = old.get(path) ?? '';
    const candidates = origins.get(digest) ?? [];
    const exchanged = candidates.find((candidate) => now.get(candidate) === previous);
    if (exchanged !== undefined) return { kind: 'swapped', path, from: exchanged, files: 1 };
    const [from] = candidates;
    if (from !== undefined) return { kind: 'copied', path, from, files: 1 };
    const content = readContent(path);
    const note = content && textDifference(content, previous);
    return { kind: 'modified', path, files: 1, ...(note === undefined ? {} : { note }) };
  }

  const changes = [...movesOf(added, removed, origins), ...modified.map(becameOf)];
  return {
    added: added.length,
    removed: removed.length,
    modified: modified.length,
    changes: groupChanges(changes, [...old.keys()], [...now.keys()]),
  };
}

/** Which of the added files are removed ones under another name, which are copies, and what is left of either. */
function movesOf(
  added: readonly ManifestEntry[],
  removed: readonly ManifestEntry[],
  origins: ReadonlyMap<string, readonly string[]>,
): Change[] {
  const leavers = pathsByDigest(removed);
  const renamedFrom = new Map<string, string>();
  const gone = new Set<string>();
  // Those that kept their name first, so that two equal files that moved together are not mixed up.
  for (const sameName of [true, false]) {
    for (const { path, digest } of added) {
      const from = renamedFrom.has(path)
        ? undefined
        : leavers.get(digest)?.find((old) => !gone.has(old) && (!sameName || nameOf(old) === nameOf(path)));
      if (from === undefined) continue;
      renamedFrom.set(path, from);
      gone.add(from);
    }
  }
  const arrivals = added.map(({ path, digest }): Change => {
    const old = renamedFrom.get(path);
    if (old !== undefined) return { kind: 'renamed', path, from: old, files: 1 };
    const [from] = origins.get(digest) ?? [];
    if (from !== undefined) return { kind: 'copied', path, from, files: 1 };
    return { kind: 'added', path, files: 1 };
  });
  const departures = removed
    .filter(({ path }) => !gone.has(path))
    .map(({ path }): Change => ({ kind: 'removed', path, files: 1 }));
  return [...arrivals, ...departures];
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function digestsOf(entries: readonly ManifestEntry[]): Map<string, string> {
  return new Map(entries.map(({ path, digest }) => [path, digest]));
}

function pathsByDigest(entries: readonly ManifestEntry[]): Map<string, string[]> {
  const paths = new Map<string, string[]>();
  for (const { path, digest } of entries) {
    if (digest === EMPTY) continue;
    const same = paths.get(digest);
    if (same) same.push(path);
    else paths.set(digest, [path]);
  }
  return paths;
}
