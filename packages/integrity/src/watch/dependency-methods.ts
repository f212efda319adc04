/** What the thread of the dependencies does when it is called. */
import { createHash, hash as hashOf } from 'node:crypto';
import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { createDependencyIndex } from '../dependencies/dependency-index.js';
import { parseLockFile } from '../dependencies/lock-file.js';
import type { UncoveredPackage } from '../dependencies/locked.js';
import { manifestHash, parseManifest } from '../scan/manifest.js';
import { scanErrorText } from '../scan/scan-error.js';
import { bounded, type Differences } from './drift.js';
import { startCount } from './spent.js';
import { MAX_CHANGES, touchedEntry, type TouchedEntry } from './source-event.js';

export interface Reread {
  /** What it cost, in milliseconds of one processor; see `startCount`. */
  readonly spentMs: number;
  /** Whether every file was read since the round began. */
  readonly complete: boolean;
}

/** What the thread is given of them. */
export interface DependencyWork {
  /** Folder of the lock file. */
  readonly root: string;
  readonly lockFile: string;
  /** The text of the list; without one, what is found first counts. */
  readonly list: string | undefined;
}

export interface DependencyLook {
  /** SHA-256 of the list, or of what was found first. */
  readonly hash: string;
  readonly lockFileDigest: string;
  readonly packages: number;
  readonly files: number;
  readonly absent: number;
  readonly differences: Differences;
  readonly refusals: readonly string[];
  readonly notes: readonly UncoveredPackage[];
  /** Whether there is any difference or refusal. */
  readonly isDifferent: boolean;
  /** Whether the look before found the same. */
  readonly isSame: boolean;
  readonly touched: readonly TouchedEntry[];
  readonly moreTouched: number;
  /** As of `Reread`. */
  readonly spentMs: number;
}

export interface DependencyMethods {
  /** `undefined` when lock file or list are none. */
  dependencies(): DependencyLook | undefined;
  rereadDependencies(budgetMs: number): Reread;
  /** SHA-256 of the program that runs, `null` when it cannot be read. */
  nodeBinary(): string | null;
}

export function createDependencyMethods(work: DependencyWork | undefined): DependencyMethods {
  let index: ReturnType<typeof createDependencyIndex> | undefined;
  let hash: string | undefined;
  let last = '';

  function open(): typeof index {
    if (index || !work) return index;
    const lock = parseLockFile(work.lockFile, (path) => namesIn(join(work.root, path)));
    const list = work.list === undefined ? undefined : parseManifest(work.list);
    if (!lock || (work.list !== undefined && !list)) return undefined;
    hash = list && manifestHash(list);
    index = createDependencyIndex(work.root, lock, list);
    return index;
  }

  return {
    dependencies() {
      const spent = startCount();
      const opened = open();
      if (!opened) return undefined;
      const check = opened.check();
      hash ??= manifestHash(opened.found());
      const touches = opened.takeTouches();
      const refusals = check.scanErrors.map(scanErrorText);
      const now = JSON.stringify([check.changes, refusals]);
      const isSame = now === last;
      last = now;
      return {
        hash,
        lockFileDigest: hashOf('sha256', work?.lockFile ?? '', 'hex'),
        packages: check.packages,
        files: check.files,
        absent: check.absent.length,
        differences: bounded(check),
        refusals: refusals.slice(0, MAX_CHANGES),
        notes: [...check.uncovered, ...check.linked].slice(0, MAX_CHANGES),
        isDifferent: check.changes.length + check.scanErrors.length > 0,
        isSame,
        touched: touches.slice(0, MAX_CHANGES).map(touchedEntry),
        moreTouched: Math.max(0, touches.length - MAX_CHANGES),
        spentMs: spent(),
      };
    },
    rereadDependencies(budgetMs) {
      const spent = startCount();
      const complete = index?.reread(budgetMs) ?? true;
      return { complete, spentMs: spent() };
    },
    nodeBinary,
  };
}

const BINARY_PORTION = 1024 * 1024;

/** On Linux the very file that runs, also when another one lies in its place by now. */
function nodeBinary(): string | null {
  try {
    const descriptor = openSync(process.platform === 'linux' ? '/proc/self/exe' : process.execPath, 'r');
    try {
      const whole = createHash('sha256');
      const buffer = Buffer.allocUnsafe(BINARY_PORTION);
      for (let count = readSync(descriptor, buffer); count > 0; count = readSync(descriptor, buffer))
        whole.update(buffer.subarray(0, count));
      return whole.digest('hex');
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return null;
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
