/**
 * The source of the running application: hashed before it serves, watched while it runs, and answered for from
 * memory. A request never starts a hash.
 */
import { projectOf } from './dependencies/lock-file.js';
import { setTimeout } from 'node:timers/promises';
import { createMemoryWatch } from './loaded/memory-watch.js';
import { checkSourceOptions, type SourceOptions } from './source-options.js';
import { readExpected, watchExpiry } from './expected.js';
import { buildState, integrityProblems } from './state.js';
import type { Inspection } from './loaded/figures.js';
import type { IntegrityState, SourceSnapshot, IntegrityProblem } from './state.js';
import { noteLoaded } from './memory-event.js';
import { searchedElsewhere } from './dependencies/elsewhere.js';
import { dependenciesPending, noteDependencies, type DependencyState } from './dependency-state.js';
import { createSourceKnowledge } from './source-knowledge.js';
import { createDiskWatch } from './disk-watch.js';
import { createDuty } from './watch/duty.js';
import { createDependencyWatch, type DependencySettings } from './watch/dependency-watch.js';

export type { SourceOptions } from './source-options.js';
export type { Inspection } from './loaded/figures.js';
export type { IntegrityState } from './state.js';
export type { SourceEvent } from './watch/source-event.js';

/** A watched source. */
export interface Source {
  /** Hashes the tree in a thread of its own. Kept when that is done; never rejects: see `problems()`. */
  start(): Promise<void>;
  /** The hash as of the start, 64 lower-case hexadecimal digits; `null` until it is known. */
  readonly hash: string | null;
  /** What is wrong with the source as far as is known, from memory. */
  problems(): readonly IntegrityProblem[];
  /** Calls `listener` whenever there may be something new to ask for. */
  onChange(listener: () => void): void;
  /**
   * The signed statement as it was read at the start, one line of JSON, believed here or not: for whoever compares what many
   * instances run. `null` when none was given, or the file holds none.
   */
  statement(): string | null;
  /** Everything known, from memory, for an administrator: holds file names. */
  state(): IntegrityState;
  /**
   * The scripts in memory against the tree as of the start. With `memoryIntervalMs` that is the last look; otherwise it
   * is looked now, which holds the event loop, and for that reason once in ten seconds at most.
   */
  inspect(): Promise<Inspection>;
  /** Stops watching and ends the thread. */
  close(): Promise<void>;
}

/**
 * Watches the source below `options.root`. Nothing is read before `start()`.
 *
 * @example
 * ```ts
 * import { createHealth } from 'portal-health';
 * import { watchSource } from 'portal-integrity';
 *
 * const source = watchSource({ root: import.meta.dirname, exclude: ['./node_modules'] });
 * const health = createHealth({ source });
 * ```
 * @throws TypeError naming option, rule and value
 */
export function watchSource(options: SourceOptions): Source {
  const settings = checkSourceOptions(options);
  const knowledge = createSourceKnowledge(settings);
  const { known, learn } = knowledge;
  const duty = createDuty();
  const disk = createDiskWatch(settings, knowledge, duty);
  let started: Promise<void> | undefined;
  let closed = false;
  let stopExpiry: () => void = () => undefined;

  async function beginWatch(): Promise<void> {
    learn(await readExpected(settings));
    if (settings.dependencies) learn({ dependencies: pendingOf(settings.dependencies) });
    stopExpiry = watchExpiry(known().expected?.expires ?? null, (statementRejected) =>
      learn({ statementRejected, expected: null }),
    );
    if (closed) return;
    const hashed = disk.scanFirst();
    const ready = Promise.all([hashed, memory.start(hashed)]);
    await withinDeadline(ready.then(keepWatching));
  }

  /** A tree that takes too long does not keep the application from serving; its hash follows. */
  async function withinDeadline(begun: Promise<void>): Promise<void> {
    const deadline = setTimeout(settings.startDeadlineMs, 'late', { ref: false });
    if ((await Promise.race([begun, deadline])) !== 'late' || closed) return;
    begun.catch(disk.noteEnd);
    learn({ scanErrors: disk.unfinished() });
  }

  function keepWatching(): void {
    if (closed) return;
    if (settings.dependencies ?? known().expected?.node_binary) dependencies.start();
    disk.keepWatching();
  }

  const memory = createMemoryWatch({
    intervalMs: settings.memoryIntervalMs,
    follows: settings.followMemory,
    match: (look) => (known().boot ? disk.match(look) : undefined),
    onLook: (figures) => knowledge.note(noteLoaded(figures, known())),
  });

  const dependencies = createDependencyWatch({
    settings: settings.dependencies,
    watch: settings.watch,
    scanIntervalMs: settings.scanIntervalMs,
    duty,
    onNews: (news) => knowledge.note(noteDependencies(news, known())),
  });

  function pendingOf({ lockFile, list }: DependencySettings): DependencyState {
    const signed = known().expected?.dependencies_hash ?? null;
    return dependenciesPending(list !== undefined, signed, searchedElsewhere(projectOf(lockFile)));
  }

  /** While the disk does not answer: as if the tree could not be read. */
  const staleSnapshot = (): SourceSnapshot => ({ ...known(), scanErrors: disk.unfinished() });

  return {
    start() {
      started ??= beginWatch().catch(disk.noteEnd);
      return started;
    },
    get hash() {
      return known().boot?.result.hash ?? null;
    },
    problems: () => (disk.isStale() ? integrityProblems(staleSnapshot()) : knowledge.problems()),
    onChange: knowledge.onChange,
    statement: () => known().envelope,
    state: () => buildState(disk.isStale() ? staleSnapshot() : known(), knowledge.since()),
    inspect: () => memory.inspect(),
    async close() {
      closed = true;
      stopExpiry();
      memory.close();
      await Promise.all([disk.close(), dependencies.close()]);
    },
  };
}
