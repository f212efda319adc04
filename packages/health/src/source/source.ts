/**
 * The source of the running application: hashed before it serves, and answered for from memory ever after.
 */
import type { ProblemCode } from '../problems.js';
import { SourceError } from './refusal.js';
import { createScope } from './scope.js';
import { startSourceWorker, type SourceWorker } from './worker.js';

/** Which files are the source. */
export interface SourceOptions {
  /** Folder of the code that runs; every regular file below it counts. */
  readonly root: string;
  /**
   * What does not count: names at any depth (`node_modules`), and paths from the root (`health/src`, `./build`).
   * No wildcards.
   */
  readonly exclude?: readonly string[];
}

/** A watched source. */
export interface Source {
  /** Hashes the tree in a thread of its own. Kept when that is done; never rejects: see `problems()`. */
  start(): Promise<void>;
  /** The hash as of the start, 64 lower-case hexadecimal digits; `null` until it is known. */
  readonly hash: string | null;
  /** What is wrong with the source as far as is known, from memory. */
  problems(): readonly ProblemCode[];
  /** Everything known, for an administrator: holds file names. */
  state(): IntegrityState;
  /** Ends the thread. */
  close(): Promise<void>;
}

/** The document of the administrator's integrity door. Plain data. */
export interface IntegrityState {
  readonly state: 'pending' | 'unsigned' | 'unreadable';
  /** The tree as it was hashed before the application served. */
  readonly boot: TreeFigures | null;
}

/** A tree in figures. */
export interface TreeFigures {
  readonly source_hash: string;
  readonly files: number;
  readonly bytes: number;
}

/**
 * @throws TypeError naming option, rule and value
 */
export function createSource(options: SourceOptions): Source {
  const scope = createScope(options.root, options.exclude);
  let worker: SourceWorker | undefined;
  let started: Promise<void> | undefined;
  let boot: TreeFigures | null = null;
  let problems: readonly ProblemCode[] = [];

  async function hashForStart(): Promise<void> {
    worker = startSourceWorker(scope);
    try {
      const { hash, files, bytes } = await worker.survey();
      boot = { source_hash: hash, files, bytes };
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      problems = ['SOURCE_UNREADABLE'];
    }
  }

  return {
    start() {
      started ??= hashForStart();
      return started;
    },
    get hash() {
      return boot?.source_hash ?? null;
    },
    problems: () => problems,
    state() {
      if (boot) return { state: 'unsigned', boot };
      return { state: problems.length > 0 ? 'unreadable' : 'pending', boot };
    },
    async close() {
      await worker?.close();
    },
  };
}
