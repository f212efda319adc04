/**
 * What is known of the packages that the source imports, as a part of the document of the integrity endpoint, and what
 * follows from it. Pure, but for the time.
 */
import { wholeSeconds } from './times.js';
import type { DependencyNews } from './watch/dependency-watch.js';
import type { Differences } from './watch/drift.js';
import { eventWithoutChanges, type SourceEvent } from './watch/source-event.js';

/** Plain data, for administrators only. Paths are from the folder of the lock file. */
export interface DependencyState {
  /** Not looked at yet; as listed; not as listed, also when it was put back; cannot be compared. */
  readonly state: 'pending' | 'same' | 'different' | 'unreadable';
  /** SHA-256 of the list of all files of all packages; without a list, of what was found first. */
  readonly dependencies_hash: string | null;
  /** Who says what they should be: the list, signed or not; without one, what was found first. */
  readonly by: 'statement' | 'list' | 'start';
  /** SHA-256 of the lock file. */
  readonly lockfile: string | null;
  readonly packages: number;
  readonly files: number;
  /** Packages of the lock file that are not installed, and may be so. */
  readonly absent: number;
  readonly differences: Differences;
  /** Why something cannot be hashed, or must not be there: the first reasons. */
  readonly refusals: readonly string[];
  /** What nothing is known of, and what is noted besides: a path and why, each. */
  readonly notes: readonly string[];
  /** Other folders in which Node would look for a package. */
  readonly searched_elsewhere: readonly string[];
  readonly different_since: string | null;
  readonly checked_at: string | null;
  readonly reread_at: string | null;
}

export interface DependencySnapshot {
  readonly dependencies: DependencyState | null;
  /** SHA-256 of the program that runs; `null` until it is known. */
  readonly nodeBinary: string | null;
  readonly dependencyEvents: readonly SourceEvent[];
}

const EVENTS_KEPT = 20;
const NO_DIFFERENCES: Differences = { added: 0, removed: 0, modified: 0, changes: [], more_changes: 0 };

export function dependenciesPending(
  hasList: boolean,
  signed: string | null,
  searchedElsewhere: readonly string[],
): DependencyState {
  return {
    state: 'pending',
    dependencies_hash: null,
    by: signed !== null ? 'statement' : hasList ? 'list' : 'start',
    lockfile: null,
    packages: 0,
    files: 0,
    absent: 0,
    differences: NO_DIFFERENCES,
    refusals: [],
    notes: [],
    searched_elsewhere: searchedElsewhere,
    different_since: null,
    checked_at: null,
    reread_at: null,
  };
}

/** The news in what is known, and the event that they are. */
export function noteDependencies(
  news: DependencyNews,
  { dependencies: known, dependencyEvents }: DependencySnapshot,
): { readonly changes: Partial<DependencySnapshot>; readonly event: SourceEvent | undefined } {
  if (news.kind === 'binary') return { changes: { nodeBinary: news.digest }, event: undefined };
  if (!known) return { changes: {}, event: undefined };
  const at = wholeSeconds(new Date());
  if (news.kind === 'reread')
    return { changes: { dependencies: { ...known, reread_at: at } }, event: undefined };
  if (news.kind === 'unreadable') {
    const refusals = [`The dependencies cannot be compared: ${news.why}.`];
    return { changes: { dependencies: { ...known, state: 'unreadable', refusals } }, event: undefined };
  }
  const { look } = news;
  const since = known.different_since ?? (look.isDifferent ? at : null);
  const dependencies: DependencyState = {
    ...known,
    state: since === null ? 'same' : 'different',
    dependencies_hash: look.hash,
    lockfile: look.lockFileDigest,
    packages: look.packages,
    files: look.files,
    absent: look.absent,
    differences: look.differences,
    refusals: look.refusals,
    notes: look.notes.map(({ path, why }) => `${path} ${why}`),
    different_since: since,
    checked_at: at,
  };
  const event = eventOf(news.look, known, at);
  return {
    changes: {
      dependencies,
      ...(event ? { dependencyEvents: [event, ...dependencyEvents].slice(0, EVENTS_KEPT) } : {}),
    },
    event,
  };
}

type Problem = {
  readonly kind: 'mismatched' | 'drifted' | 'unreadable';
  readonly code: string;
  readonly message: string;
};

/** What is wrong with them; without a list, what lay there at the start is as good as anything. */
export function dependencyProblems({
  dependencies,
  nodeBinary,
  expected,
}: Pick<DependencySnapshot, 'dependencies' | 'nodeBinary'> & {
  readonly expected: {
    readonly dependencies_hash: string | null;
    readonly lockfile: string | null;
    readonly node_binary: string | null;
  } | null;
}): readonly Problem[] {
  const problems: Problem[] = [];
  const mismatch = (code: string, message: string): void =>
    void problems.push({ kind: 'mismatched', code, message });
  if (typeof dependencies?.different_since === 'string') {
    const [change] = dependencies.differences.changes;
    const what = change?.path ?? dependencies.refusals[0] ?? 'A package';
    mismatch(
      'DEPENDENCIES',
      `${what} is not what the list of the dependencies has, since ${dependencies.different_since}.`,
    );
  }
  if (dependencies?.state === 'unreadable')
    problems.push({ kind: 'unreadable', code: 'DEPENDENCIES', message: dependencies.refusals[0] ?? '' });
  const { dependencies_hash: signed = null, lockfile = null, node_binary: binary = null } = expected ?? {};
  if (signed !== null && differs(dependencies?.dependencies_hash, signed))
    mismatch('DEPENDENCY_LIST', 'The list of the dependencies is not the one that was signed.');
  if (lockfile !== null && differs(dependencies?.lockfile, lockfile))
    mismatch('LOCKFILE', 'The lock file is not the one that was signed.');
  if (binary !== null && differs(nodeBinary, binary))
    mismatch('NODE_BINARY', 'The program that runs is not the binary of Node that was signed.');
  return problems;
}

/** What is not known yet differs from nothing. */
function differs(found: string | null | undefined, wanted: string): boolean {
  return found !== null && found !== undefined && found !== wanted;
}

type Look = Extract<DependencyNews, { kind: 'look' }>['look'];

function eventOf(look: Look, before: DependencyState, at: string): SourceEvent | undefined {
  const event = eventWithoutChanges('dependencies', at, at, look.hash);
  if (!look.isSame && (look.isDifferent || before.state === 'different')) {
    const putBack = look.isDifferent ? [] : before.differences.changes.map(({ path }) => path);
    const { refusals } = look;
    return { ...event, ...look.differences, refusals, put_back: putBack.length, put_back_paths: putBack };
  }
  if (look.touched.length === 0) return undefined;
  return { ...event, kind: 'touched', touched: look.touched, more_touched: look.moreTouched };
}
