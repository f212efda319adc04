/**
 * What happened to the tree since the start, told in events an administrator can read: a deployment that rewrites
 * hundreds of files over a minute is one of them, and a change that was put back is told as well.
 */
import type { Change, Comparison } from '../compare/change.js';
import { compareTrees, type ReadContent } from '../compare/compare.js';
import type { ManifestEntry } from '../scan/manifest.js';
import { wholeSeconds } from '../times.js';
import {
  MAX_CHANGES,
  touchedEntry,
  touchedEvent,
  type SourceEvent,
  type TouchedEntry,
} from './source-event.js';
import { isBehind, scanErrorText, type ScanError } from '../scan/scan-error.js';
import { manifestHash } from '../scan/manifest.js';
import type { Touch } from '../scan/touch.js';

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
  /** The tree cannot be read now, but for `entries`; what lies in the way keeps what is known of it. */
  noteScanErrors(scanErrors: readonly ScanError[], entries: readonly ManifestEntry[]): void;
  /** Stamps moved. */
  noteTouches(touches: readonly Touch[]): void;
  /** Now against the start. */
  differences(): Differences;
  /** The last events, the latest first. */
  events(): readonly SourceEvent[];
}

/** A pause of this length ends an event: longer than the longest time between two scans. */
const PAUSE_MS = 15_000;
const EVENTS_KEPT = 50;
/** Of one event; a backup touches every file. */
const MAX_TOUCHED = 1_000;

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
  /** The event under way, as it was last emitted. */
  let emitted: SourceEvent | undefined;
  /** The scan errors of the last event, as text; empty while the tree can be read. */
  let lastErrors = '';
  let events: readonly SourceEvent[] = [];
  let touched:
    | { readonly event: SourceEvent; readonly entries: readonly TouchedEntry[]; readonly lastMs: number }
    | undefined;

  /** The event under way, or a new one from `before` on. */
  function openEvent(before: Tree): OpenEvent {
    const nowMs = performance.now();
    if (open && nowMs - open.lastMs < pauseMs) {
      events = events.filter((event) => event !== emitted);
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
    emitted = {
      kind: 'changed',
      began_at: event.beganAt,
      ended_at: wholeSeconds(new Date()),
      hash_before: event.before.hash,
      hash_after: hashAfter,
      ...bounded(compareTrees(event.before.entries, after.entries, readContent)),
      put_back: putBack.length,
      put_back_paths: putBack.slice(0, MAX_CHANGES),
      refusals: event.scanErrors.slice(0, MAX_CHANGES).map(scanErrorText),
      touched: [],
      more_touched: 0,
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
    noteScanErrors(scanErrors, entries) {
      const text = scanErrors.map(scanErrorText).join('\n');
      if (!now) return;
      const hidden = now.entries.filter(({ path }) => isBehind(path, scanErrors));
      const seen = new Set(hidden.map(({ path }) => path));
      const after = [...hidden, ...entries.filter(({ path }) => !seen.has(path))];
      const differing = pathsThatDiffer(now.entries, after);
      if (text === lastErrors && differing.size === 0) return;
      lastErrors = text;
      const event = openEvent(now);
      event.scanErrors = scanErrors;
      for (const path of differing) event.touched.add(path);
      if (differing.size > 0) now = { hash: manifestHash(after), entries: after };
      emit(event, now, null);
    },
    noteTouches(touches) {
      if (!now || touches.length === 0) return;
      const nowMs = performance.now();
      const goesOn = touched && nowMs - touched.lastMs < pauseMs ? touched : undefined;
      const latest = touches.map(touchedEntry);
      const paths = new Set(latest.map(({ path }) => path));
      const entries = [...(goesOn?.entries.filter(({ path }) => !paths.has(path)) ?? []), ...latest];
      const at = wholeSeconds(new Date());
      const event = touchedEvent(goesOn?.event.began_at ?? at, at, now.hash, entries);
      events = [event, ...events.filter((other) => other !== goesOn?.event)].slice(0, EVENTS_KEPT);
      touched = { event, entries: entries.slice(-MAX_TOUCHED), lastMs: nowMs };
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

/** As much of it as anybody reads. */
export function bounded({ added, removed, modified, changes }: Comparison): Differences {
  return {
    added,
    removed,
    modified,
    changes: changes.slice(0, MAX_CHANGES),
    more_changes: Math.max(0, changes.length - MAX_CHANGES),
  };
}
