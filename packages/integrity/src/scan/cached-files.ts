/**
 * What an inventory keeps of each entry of a tree between two looks.
 */
import type { ScanError } from './scan-error.js';
import type { FileStat } from './file-stat.js';

export interface CachedFile {
  readonly path: string;
  /** Where its reading is noted; `NO_ROW` until it has a place. */
  row: number;
}

export const NO_ROW = -1;

export interface CachedFolder {
  /** `''` for the root. */
  readonly path: string;
  stat: FileStat | undefined;
  files: readonly CachedFile[];
  folders: readonly CachedFolder[];
  scanErrors: readonly ScanError[];
}

export function newCachedFile(path: string): CachedFile {
  return { path, row: NO_ROW };
}

export function newCachedFolder(path: string): CachedFolder {
  return { path, stat: undefined, files: [], folders: [], scanErrors: [] };
}

/** Nothing is known any more of a folder that cannot be read. */
export function unreadableFolder(folder: CachedFolder, cause: string): ScanError {
  folder.stat = undefined;
  folder.files = [];
  folder.folders = [];
  folder.scanErrors = [];
  return { code: 'E_READ', path: folder.path === '' ? '.' : folder.path, cause };
}

/** The known ones of `paths`, and new ones for the others. */
export function carryOver<Entry extends { readonly path: string }>(
  paths: readonly string[],
  known: readonly Entry[],
  make: (path: string) => Entry,
): readonly Entry[] {
  if (known.length === 0) return paths.map(make);
  const byPath = new Map(known.map((entry) => [entry.path, entry]));
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
