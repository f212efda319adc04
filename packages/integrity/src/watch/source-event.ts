/** What happened to a source, as its documents tell it. */
import type { Change } from '../compare/change.js';
import type { Touch } from '../scan/touch.js';

/** One stretch of changes without a pause. Times are ISO 8601, UTC, whole seconds. */
export interface SourceEvent {
  /**
   * `changed`: on disk. `touched`: stamps moved and the content is the one of before, as after a change that was put
   * back between two scans, or a change of mode or owner. `loaded`: something else is in memory than was on disk at the start.
   * `restarted`: the source was changed while nothing ran. `dependencies`: the packages that it imports are not as listed.
   */
  readonly kind: 'changed' | 'touched' | 'loaded' | 'restarted' | 'dependencies';
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
  /** Entries whose stamps moved, when that is what happened; the first of them. */
  readonly touched: readonly TouchedEntry[];
  readonly more_touched: number;
  /** Scripts in memory that are not what the tree was, when that is what happened; the first of them. */
  readonly loaded: readonly string[];
}

/** An entry whose stamps moved. Times are ISO 8601, UTC, milliseconds. */
export interface TouchedEntry {
  /** From the root, `.` for the root. */
  readonly path: string;
  readonly ctime_before: string;
  readonly ctime_after: string;
  /** What moved besides the ctime. */
  readonly moved: Touch['moved'];
}

/** Of each list in an event; more than that nobody reads. */
export const MAX_CHANGES = 20;

export function touchedEntry({ path, ctimeBeforeMs, ctimeAfterMs, moved }: Touch): TouchedEntry {
  return {
    path,
    ctime_before: new Date(ctimeBeforeMs).toISOString(),
    ctime_after: new Date(ctimeAfterMs).toISOString(),
    moved,
  };
}

export function touchedEvent(
  beganAt: string,
  endedAt: string,
  hash: string,
  entries: readonly TouchedEntry[],
): SourceEvent {
  return {
    ...eventWithoutChanges('touched', beganAt, endedAt, hash),
    touched: entries.slice(0, MAX_CHANGES),
    more_touched: Math.max(0, entries.length - MAX_CHANGES),
  };
}

/** An event in which the hash stayed what it was. */
export function eventWithoutChanges(
  kind: SourceEvent['kind'],
  beganAt: string,
  endedAt: string,
  hash: string,
): SourceEvent {
  return {
    kind,
    began_at: beganAt,
    ended_at: endedAt,
    hash_before: hash,
    hash_after: hash,
    added: 0,
    removed: 0,
    modified: 0,
    put_back: 0,
    put_back_paths: [],
    changes: [],
    more_changes: 0,
    refusals: [],
    touched: [],
    more_touched: 0,
    loaded: [],
  };
}
