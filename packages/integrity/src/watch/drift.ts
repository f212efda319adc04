/**
 * What happened to the tree since the start, told in events an administrator can read: a deployment that rewrites
 * hundreds of files over a minute is one of them, and a change that was put back is told as well.
 */
import type { Change, Comparison } from '../compare/change.js';
import { compareTrees, type ReadContent } from '../compare/compare.js';
import type { ManifestEntry } from '../scan/manifest.js';
import { wholeSeconds } from '../times.js';
import { scanErrorText, type ScanError } from '../scan/scan-error.js';

/** One stretch of changes without a pause. Times are ISO 8601, UTC, whole seconds. */
export interface SourceEvent {
  /** `changed`: on disk. `loaded`: something else is in memory than was on disk at the start. */
  readonly kind: 'changed' | 'loaded';
  readonly began_at: string;
  readonly ended_at: string;
  /** The tree before and after; `null` after, when it could not be read. */
  readonly hash_before: string;
  readonly hash_after: string | null;
  readonly added: number;
  readonly removed: number;
  readonly modified: number;
  /** Files that changed and were put back within the event; the first of them by name. */
  readonly put_back: number;
  readonly put_back_paths: readonly string[];
  /** What became of what, grouped by folders; the first of them. */
  readonly changes: readonly Change[];
  /** How many changes more there are. */
  readonly more_changes: number;
  /** Why the tree could not be read, if so: the first reasons. */
  readonly refusals: readonly string[];
  /** Scripts in memory that are not what the tree was, when that is what happened; the first of them. */
  readonly loaded: readonly string[];
}

/** A list of changes of bounded length. */
export interface Differences {
  readonly added: number;
  readonly removed: number;
  readonly modified: number;
  readonly changes: readonly Change[];
  readonly more_changes: number;
}

export interface Drift {
  /** The tree as it is now; the first one is what all others are compared with. */
  note(hash: string, entries: readonly ManifestEntry[]): void;
  /** The tree cannot be read now. */
  noteScanErrors(scanErrors: readonly ScanError[]): void;
  /** Now against the start. */
  differences(): Differences;
  /** The last events, the latest first. */
  events(): readonly SourceEvent[];
}

/** A pause of this length ends an event: longer than the longest time between two scans. */
const PAUSE_MS = 15_000;
const EVENTS_KEPT = 50;
export const MAX_CHANGES = 20;

interface Tree {
  readonly hash: string;
  readonly entries: readonly ManifestEntry[];
}

/** The event under way. */
interface OpenEvent {
  readonly before: Tree;
  readonly beganAt: string;
  /** Every path that was ever different in it. */
  readonly touched: Set<string>;
  scanErrors: readonly ScanError[];
  lastMs: number;
}

/**
 * @param readContent - the content of a file as it is now, for a closer look at modified texts
 * @param settings.pauseMs - for tests
 */
export function createDrift(readContent: ReadContent, { pauseMs = PAUSE_MS } = {}): Drift {
  let boot: Tree | undefined;
  let now: Tree | undefined;
  let open: OpenEvent | undefined;
  /** The scan errors of the last event, as text; empty while the tree can be read. */
  let lastErrors = '';
  let events: readonly SourceEvent[] = [];

  /** The event under way, or a new one from `before` on. */
  function openEvent(before: Tree): OpenEvent {
    const nowMs = performance.now();
    if (open && nowMs - open.lastMs < pauseMs) {
      events = events.slice(1);
      open.lastMs = nowMs;
    } else {
      open = { before, beganAt: wholeSeconds(new Date()), touched: new Set(), scanErrors: [], lastMs: nowMs };
    }
    return open;
  }

  function emit(event: OpenEvent, after: Tree, hashAfter: string | null): void {
    const digests = new Map(after.entries.map(({ path, digest }) => [path, digest]));
    const original = new Map(event.before.entries.map(({ path, digest }) => [path, digest]));
    const putBack = [...event.touched].filter((path) => digests.get(path) === original.get(path));
    const emitted: SourceEvent = {
      kind: 'changed',
      began_at: event.beganAt,
      ended_at: wholeSeconds(new Date()),
      hash_before: event.before.hash,
      hash_after: hashAfter,
      ...bounded(compareTrees(event.before.entries, after.entries, readContent)),
      put_back: putBack.length,
      put_back_paths: putBack.slice(0, MAX_CHANGES),
      refusals: event.scanErrors.slice(0, MAX_CHANGES).map(scanErrorText),
      loaded: [],
    };
    events = [emitted, ...events].slice(0, EVENTS_KEPT);
  }

  return {
    note(hash, entries) {
      const after = { hash, entries };
      boot ??= after;
      now ??= after;
      if (hash === now.hash && lastErrors === '') return;
      const event = openEvent(now);
      for (const path of pathsThatDiffer(now.entries, entries)) event.touched.add(path);
      lastErrors = '';
      now = after;
      emit(event, after, hash);
    },
    noteScanErrors(scanErrors) {
      const text = scanErrors.map(scanErrorText).join('\n');
      if (!now || text === lastErrors) return;
      lastErrors = text;
      const event = openEvent(now);
      event.scanErrors = scanErrors;
      emit(event, now, null);
    },
    differences: () => bounded(compareTrees(boot?.entries ?? [], now?.entries ?? [], readContent)),
    events: () => events,
  };
}

function pathsThatDiffer(before: readonly ManifestEntry[], after: readonly ManifestEntry[]): Set<string> {
  const left = new Map(before.map(({ path, digest }) => [path, digest]));
  const differing = new Set<string>();
  for (const { path, digest } of after) {
    if (left.get(path) !== digest) differing.add(path);
    left.delete(path);
  }
  for (const path of left.keys()) differing.add(path);
  return differing;
}

function bounded({ added, removed, modified, changes }: Comparison): Differences {
  return {
    added,
    removed,
    modified,
    changes: changes.slice(0, MAX_CHANGES),
    more_changes: Math.max(0, changes.length - MAX_CHANGES),
  };
}
