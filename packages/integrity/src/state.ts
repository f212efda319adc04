/**
 * What is known of the source at a moment, as the document of the integrity endpoint, and the problems that
 * follow from it. Pure.
 */
import { dependencyProblems, type DependencySnapshot, type DependencyState } from './dependency-state.js';
import type { Accepted } from './release/statement.js';
import type { LoadedFigures } from './loaded/figures.js';
import { wholeSeconds } from './times.js';
import { warningsOf } from './warnings.js';
import type { Differences } from './watch/drift.js';
import type { LastRun } from './watch/last-run.js';
import type { ChangedEarly } from './watch/scan-worker.js';
import type { SourceEvent } from './watch/source-event.js';
import type { ScanResult } from './scan/file-index.js';
import { scanErrorText, type ScanError } from './scan/scan-error.js';

/**
 * How things stand, the most urgent that is true: not hashed yet; cannot be read; not what was released; something else
 * in memory than on disk (also when it was put back); changed on disk since the start (also when put back); as
 * released; nobody said what it should be.
 */
export type SourceVerdict =
  'pending' | 'unreadable' | 'mismatched' | 'loaded_differs' | 'drifted' | 'verified' | 'unsigned';

/**
 * The document of the integrity endpoint: plain data, for administrators only, for it holds file names.
 * Times are ISO 8601, UTC, whole seconds; paths are relative to the root; hashes are 64 lower-case hexadecimal digits.
 */
export interface IntegrityState {
  readonly state: SourceVerdict;
  /** Since when. */
  readonly since: string;
  /** What does not belong to the source: the statement's word, else the setting's. */
  readonly exclude: readonly string[];
  /** What the source should be; `null` when nobody said, or when the statement is not believed. */
  readonly expected: ExpectedSource | null;
  /** Why the statement is not believed. */
  readonly statement_refused: string | null;
  /** The tree as it was hashed before the application served; this is the published `source_hash`. */
  readonly boot: TreeFigures | null;
  /** The tree as it lies on disk, and when it was last scanned, and last read through from end to end. */
  readonly disk: DiskFigures | null;
  /** What V8 holds in memory; `null` until that was looked at. */
  readonly loaded: LoadedFigures | null;
  /** The first moment at which something else was in memory than on disk. Stays until a restart. */
  readonly loaded_differs_since: string | null;
  /** The first moment at which the disk was found changed. Stays, also when the change is put back. */
  readonly drifted_since: string | null;
  /** The last moment at which stamps were found moved with the content of before. Is no problem by itself. */
  readonly touched_at: string | null;
  /** The disk against the start. */
  readonly differences: Differences;
  /** How many files and folders the process itself may write: none is best. `null` until the second scan. */
  readonly writable: number | null;
  /** Whether a change on disk is seen at once, by events of the system, or at the next scan; `null` before the first. */
  readonly watching: 'events' | 'scans' | null;
  /** The run before, where it is kept; `null` where it is not. */
  readonly last_run: LastRunFigures | null;
  /** The packages that the source imports; `null` when nobody asked for them. */
  readonly dependencies: DependencyState | null;
  /** SHA-256 of the program that runs, which is Node; `null` until it is known. */
  readonly node_binary: string | null;
  /** What happened on disk, the latest first. */
  readonly events: readonly SourceEvent[];
  /** Why the tree cannot be read now: the first reasons. */
  readonly refusals: readonly string[];
  /** Sentences about what will be a problem, such as a statement that expires within thirty days, or cannot be told. */
  readonly warnings: readonly string[];
}

export interface ExpectedSource {
  readonly source_hash: string;
  readonly by: 'statement' | 'hand';
  readonly version: string | null;
  readonly sequence: number | null;
  readonly created: string | null;
  readonly expires: string | null;
  /** The commit that it was built from, on the word of whoever signed; `null` when not signed. */
  readonly commit: string | null;
  /** The version of Node that it was released for. */
  readonly node: string | null;
  /** How many symbolic links were signed. */
  readonly links: number;
  readonly key_ids: readonly string[];
  /** SHA-256 of the list of the dependencies, of the lock file, and of the program that is to run; `null` when not signed. */
  readonly dependencies_hash: string | null;
  readonly lockfile: string | null;
  readonly node_binary: string | null;
}

export interface LastRunFigures {
  /** `null` when this is the first that is kept. */
  readonly source_hash: string | null;
  /** This start against it. */
  readonly differences: Differences;
}

export interface TreeFigures {
  readonly source_hash: string;
  readonly files: number;
  readonly bytes: number;
  readonly hashed_at: string;
}

export interface DiskFigures {
  readonly source_hash: string;
  readonly files: number;
  readonly bytes: number;
  readonly swept_at: string;
  readonly reread_at: string | null;
  /** How long that took, at a hundredth of a processor. */
  readonly reread_seconds: number | null;
}

/** A tree, and when it was found so. */
export interface ScannedTree {
  readonly result: ScanResult;
  readonly at: Date;
}

export interface SourceSnapshot extends DependencySnapshot {
  readonly exclude: readonly string[];
  readonly expected: ExpectedSource | null;
  /** The statement that is believed. */
  readonly release: Accepted | null;
  /** The statement as it was read, believed or not; `null` when there is none. */
  readonly envelope: string | null;
  /** Why no sequence was remembered, or could not be: a code of the system, or what else; empty where it was. */
  readonly sequenceLost: string;
  readonly sequenceNotKept: string;
  readonly statementRejected: string | null;
  readonly boot: ScannedTree | null;
  readonly disk: ScannedTree | null;
  readonly rereadAt: Date | null;
  readonly rereadMs: number | null;
  readonly watching: 'events' | 'scans' | null;
  readonly lastRun: LastRun | null;
  readonly changedEarly: ChangedEarly | null;
  readonly lastRunEvents: readonly SourceEvent[];
  readonly loaded: LoadedFigures | null;
  readonly loadedDiffersSince: Date | null;
  readonly memoryEvents: readonly SourceEvent[];
  readonly driftedSince: Date | null;
  readonly differences: Differences;
  readonly events: readonly SourceEvent[];
  readonly scanErrors: readonly ScanError[];
  readonly writable: number | null;
}

/** What is wrong with a source; `code` and `message` are for a log, since `message` can hold the name of a file. */
export interface IntegrityProblem {
  readonly kind: 'drifted' | 'mismatched' | 'unreadable' | 'loaded-differs';
  readonly code: string;
  readonly message: string;
}

/** What the snapshot means for the application's health. */
export function integrityProblems(snapshot: SourceSnapshot): readonly IntegrityProblem[] {
  const problems: IntegrityProblem[] = [];
  const { driftedSince, statementRejected } = snapshot;
  if (driftedSince) {
    problems.push({ kind: 'drifted', code: 'DRIFTED', message: driftText(snapshot, driftedSince) });
  }
  if (statementRejected !== null) {
    problems.push({ kind: 'mismatched', code: 'STATEMENT', message: statementRejected });
  } else if (isMismatched(snapshot)) {
    problems.push({ kind: 'mismatched', code: 'HASH', message: 'The hash is not the one that is expected.' });
  }
  const { loadedDiffersSince } = snapshot;
  if (loadedDiffersSince) {
    const message = `Scripts in memory are not those of the source since ${wholeSeconds(loadedDiffersSince)}.`;
    problems.push({ kind: 'loaded-differs', code: 'LOADED', message });
  }
  problems.push(...dependencyProblems(snapshot));
  const [scanError] = snapshot.scanErrors;
  if (scanError) {
    problems.push({ kind: 'unreadable', code: scanError.code, message: scanErrorText(scanError) });
  }
  return problems;
}

/** Names what has changed first, since a log or an upload is no change of the code, and the remedy differs. */
function driftText({ boot, differences, events }: SourceSnapshot, since: Date): string {
  const first = events.at(-1);
  const changes = [...differences.changes, ...(first?.changes ?? [])];
  const path = changes[0]?.path ?? first?.put_back_paths[0];
  if (path === undefined || boot === null) {
    return `The files on disk are not those of the start since ${wholeSeconds(since)}.`;
  }
  const seconds = Math.max(0, Math.round((since.getTime() - boot.at.getTime()) / 1_000));
  const { added, removed, modified } = differences;
  const others = added + removed + modified - (changes[0]?.files ?? 1);
  return (
    `${path}${others > 0 ? ` and ${others} more` : ''} changed ${seconds} s after the start. ` +
    'If the application writes it, exclude it or give as root the folder of the code alone, such as dist.'
  );
}

export function sourceVerdict(snapshot: SourceSnapshot): SourceVerdict {
  if (snapshot.scanErrors.length > 0) return 'unreadable';
  if (!snapshot.boot) return 'pending';
  if (isMismatched(snapshot) || dependencyProblems(snapshot).length > 0) return 'mismatched';
  if (snapshot.loadedDiffersSince) return 'loaded_differs';
  if (snapshot.driftedSince) return 'drifted';
  return snapshot.expected ? 'verified' : 'unsigned';
}

export function buildState(snapshot: SourceSnapshot, since: Date): IntegrityState {
  const { boot, disk } = snapshot;
  return {
    state: sourceVerdict(snapshot),
    since: wholeSeconds(since),
    exclude: snapshot.exclude,
    expected: snapshot.expected,
    statement_refused: snapshot.statementRejected,
    boot: boot && { ...figuresOf(boot.result), hashed_at: wholeSeconds(boot.at) },
    disk: disk && {
      ...figuresOf(disk.result),
      swept_at: wholeSeconds(disk.at),
      reread_at: snapshot.rereadAt && wholeSeconds(snapshot.rereadAt),
      reread_seconds: snapshot.rereadMs === null ? null : Math.round(snapshot.rereadMs / 1_000),
    },
    loaded: snapshot.loaded,
    loaded_differs_since: snapshot.loadedDiffersSince && wholeSeconds(snapshot.loadedDiffersSince),
    drifted_since: snapshot.driftedSince && wholeSeconds(snapshot.driftedSince),
    touched_at: snapshot.events.find(({ kind }) => kind === 'touched')?.ended_at ?? null,
    differences: snapshot.differences,
    writable: snapshot.writable,
    watching: snapshot.watching,
    last_run: snapshot.lastRun && {
      source_hash: snapshot.lastRun.hash,
      differences: snapshot.lastRun.differences,
    },
    dependencies: snapshot.dependencies,
    node_binary: snapshot.nodeBinary,
    events: [
      ...snapshot.memoryEvents,
      ...snapshot.lastRunEvents,
      ...snapshot.dependencyEvents,
      ...snapshot.events,
    ].toSorted(latestFirst),
    refusals: snapshot.scanErrors.map(scanErrorText),
    warnings: warningsOf(snapshot, Date.now()),
  };
}

function latestFirst(a: SourceEvent, b: SourceEvent): number {
  return a.ended_at < b.ended_at ? 1 : -Number(a.ended_at > b.ended_at);
}

/** A statement that is not believed is no reason to believe the source. */
function isMismatched({ expected, boot, statementRejected }: SourceSnapshot): boolean {
  if (statementRejected !== null) return true;
  return expected !== null && boot !== null && expected.source_hash !== boot.result.hash;
}

function figuresOf({ hash, files, bytes }: ScanResult) {
  return { source_hash: hash, files, bytes };
}
