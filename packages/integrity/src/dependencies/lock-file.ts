/**
 * A lock file, of whichever tool: which packages lie where, and the digest of the tarball that each came from.
 */
import { basename, dirname } from 'node:path';
import { readNpmLock } from './npm-lock.js';
import { readPnpmLock } from './pnpm-lock.js';
import type { LockFile } from './locked.js';

/** Names of lock files, in the order in which they are looked for. */
export const LOCK_FILES = ['package-lock.json', 'npm-shrinkwrap.json', 'pnpm-lock.yaml'] as const;

/**
 * @param folders - names of the folders in a folder of the project, `[]` when there is none; pnpm shortens long names in
 *   ways of its own
 * @returns `undefined` unless the text is a lock file of npm, version 2 or 3, or of pnpm, version 9
 */
export function parseLockFile(
  text: string,
  folders: (path: string) => readonly string[] = () => [],
): LockFile | undefined {
  return readNpmLock(text) ?? readPnpmLock(text, folders);
}

/** The folder that a lock file is of; npm hides one in `node_modules`. */
export function projectOf(lockFile: string): string {
  const folder = dirname(lockFile);
  return basename(folder) === 'node_modules' ? dirname(folder) : folder;
}

/** What to do about a lock file that cannot be read. */
export const NO_LOCK_FILE =
  'is not a lock file of npm, version 2 or 3, or of pnpm, version 9: ' +
  '`npm install --package-lock-only --lockfile-version 3` writes one, and so does `pnpm install --lockfile-only` of pnpm 9 or later';
