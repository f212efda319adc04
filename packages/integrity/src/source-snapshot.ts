/** What is known of a source before anything is, and what a scan adds to it. Pure, but for the time. */
import type { ScanError, ScanErrorCode } from './scan/scan-error.js';
import type { SourceSnapshot } from './state.js';
import { wholeSeconds } from './times.js';
import type { Differences } from './watch/drift.js';
import type { LastRun } from './watch/last-run.js';
import type { ScanReply } from './watch/scan-worker.js';
import { eventWithoutChanges, type SourceEvent } from './watch/source-event.js';

/** Entries that cannot have been there at the start, because the tree had a hash then. */
const INTRUDERS: ReadonlySet<ScanErrorCode> = new Set([
  'E_SYMLINK',
  'E_LINK',
  'E_SPECIAL',
  'E_NAME',
  'E_NESTED',
  'E_LEFT_OUT',
  'E_EMPTY',
]);

export function nothingKnown(exclude: readonly string[]): SourceSnapshot {
  return {
    exclude,
    expected: null,
    release: null,
    envelope: null,
    sequenceLost: '',
    sequenceNotKept: '',
    statementRejected: null,
    boot: null,
    disk: null,
    rereadAt: null,
    rereadMs: null,
    watching: null,
    lastRun: null,
    changedEarly: null,
    lastRunEvents: [],
    loaded: null,
    loadedDiffersSince: null,
    memoryEvents: [],
    driftedSince: null,
    differences: { added: 0, removed: 0, modified: 0, changes: [], more_changes: 0 },
    events: [],
    scanErrors: [],
    writable: null,
    dependencies: null,
    dependencyEvents: [],
    nodeBinary: null,
  };
}

/** What is known after a scan, where it differs from what was known before. */
export function changesBy(
  { result, scanErrors, hasIntruder, changed, watching, lastRun, changedEarly, writable }: ScanReply,
  { boot, driftedSince }: SourceSnapshot,
): Partial<SourceSnapshot> {
  const at = new Date();
  const hasDrifted =
    boot !== null &&
    (result
      ? result.hash !== boot.result.hash
      : hasIntruder || scanErrors.some(({ code }) => INTRUDERS.has(code)) || isChanged(changed?.differences));
  return {
    scanErrors,
    watching,
    writable,
    ...(result ? { disk: { result, at }, boot: boot ?? { result, at } } : {}),
    ...(hasDrifted && !driftedSince ? { driftedSince: at } : {}),
    ...(lastRun ? { lastRun, lastRunEvents: restartedEvents(lastRun, result?.hash ?? null, at) } : {}),
    ...(changedEarly ? { changedEarly } : {}),
    ...changed,
  };
}

/** A source that was changed while nothing ran: one event. */
function restartedEvents(
  { hash, differences }: LastRun,
  now: string | null,
  at: Date,
): readonly SourceEvent[] {
  if (hash === null || hash === now) return [];
  const time = wholeSeconds(at);
  return [{ ...eventWithoutChanges('restarted', time, time, hash), hash_after: now, ...differences }];
}

/** What can be read goes on being compared while something cannot. */
function isChanged(differences: Differences | undefined): boolean {
  return differences !== undefined && differences.added + differences.removed + differences.modified > 0;
}

/** The tree is still being read, and nothing stands in its way. */
export function stillReading(
  progress: { readonly files: number; readonly bytes: number } | undefined,
): ScanError {
  const cause = progress
    ? `${progress.files} files and ${Math.round(progress.bytes / 1e6)} MB so far`
    : 'nothing of it yet';
  return { code: 'E_BUSY', path: '.', cause };
}
