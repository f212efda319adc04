/**
 * What a file index keeps of each entry of a tree between two scans.
 */
import { systemCode } from 'portal-shared/error-code';
import { fileStatOf, isFresh, isSameStat, readStat, waitForTick, type FileStat } from './file-stat.js';
import type { ScanError } from './scan-error.js';
import type { Exclusion, Link } from './scope.js';
import { below, listFolder, type CheckLink } from './walk.js';

export interface CachedFile {
  readonly path: string;
  /** Of the file table; `NO_ROW` until it has one. */
  row: number;
}

export const NO_ROW = -1;

export interface CachedFolder {
  /** `''` for the root. */
  readonly path: string;
  stat: FileStat | undefined;
  files: readonly CachedFile[];
  folders: readonly CachedFolder[];
  links: readonly Link[];
  leftOut: readonly string[];
  scanErrors: readonly ScanError[];
}

function newCachedFile(path: string): CachedFile {
  return { path, row: NO_ROW };
}

export function newCachedFolder(path: string): CachedFolder {
  return { path, stat: undefined, files: [], folders: [], links: [], leftOut: [], scanErrors: [] };
}

/** Lists the folder unless nothing moved since it was last listed. */
export function refreshFolder(
  folder: CachedFolder,
  root: string,
  excludes: Exclusion,
  checkLink: CheckLink,
): 'same' | 'listed' | 'gone' | ScanError {
  const { path } = folder;
  try {
    const stats = readStat(below(root, path));
    if (!stats?.isDirectory()) {
      return path === '' ? unreadableFolder(folder, stats ? 'ENOTDIR' : 'ENOENT') : 'gone';
    }
    if (folder.stat && isSameStat(folder.stat, stats)) return 'same';
    const stat = fileStatOf(stats);
    // Otherwise a file could come while we list, and leave the very stat that was there before.
    if (isFresh(stat)) waitForTick();
    const listing = listFolder(root, path, excludes, checkLink);
    folder.files = carryOver(listing.files, folder.files, newCachedFile);
    folder.folders = carryOver(listing.folders, folder.folders, newCachedFolder);
    folder.links = listing.links;
    folder.leftOut = listing.leftOut;
    folder.scanErrors = listing.scanErrors;
    folder.stat = stat;
    return 'listed';
  } catch (error) {
    const cause = systemCode(error);
    return cause === 'ENOENT' && path !== '' ? 'gone' : unreadableFolder(folder, cause);
  }
}

/** Nothing is known any more of a folder that cannot be read. */
function unreadableFolder(folder: CachedFolder, cause: string): ScanError {
  folder.stat = undefined;
  folder.files = [];
  folder.folders = [];
  folder.links = [];
  folder.leftOut = [];
  folder.scanErrors = [];
  return { code: 'E_READ', path: folder.path === '' ? '.' : folder.path, cause };
}

/** The cache entries of `paths`: those that there are, and new ones. */
function carryOver<Entry extends { readonly path: string }>(
  paths: readonly string[],
  cached: readonly Entry[],
  make: (path: string) => Entry,
): readonly Entry[] {
  if (cached.length === 0) return paths.map(make);
  const byPath = new Map(cached.map((entry) => [entry.path, entry]));
  return paths.map((path) => byPath.get(path) ?? make(path));
}

export function allFolders(top: CachedFolder): CachedFolder[] {
  const folders = [top];
  // Grows while it is walked.
  for (const folder of folders) for (const child of folder.folders) folders.push(child);
  return folders;
}

export function allFiles(top: CachedFolder): CachedFile[] {
  const files: CachedFile[] = [];
  for (const folder of allFolders(top)) for (const file of folder.files) files.push(file);
  return files;
}
