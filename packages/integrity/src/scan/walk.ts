/**
 * One folder at a time: which files and folders of it belong to the tree, and which entries have no hash.
 */
import { isUtf8 } from 'node:buffer';
import { lstatSync, readdirSync, realpathSync, type Dirent } from 'node:fs';
import { fitsManifest } from './manifest.js';
import type { ScanError } from './scan-error.js';
import { isNestedModules, isSurprise, type Exclusion, type Link } from './scope.js';

/** Tells whether the link at a path may be there, or why not. `siblings`: the names beside it. */
export type CheckLink = (path: string, siblings: readonly string[]) => Link | ScanError;

/** What a folder holds, as paths from the root, in no order. */
export interface Listing {
  readonly files: readonly string[];
  readonly folders: readonly string[];
  /** Those that may be there. */
  readonly links: readonly Link[];
  /** What is left out and may lie only where it was signed, or was at the start. */
  readonly leftOut: readonly string[];
  readonly scanErrors: readonly ScanError[];
}

/**
 * Lists the folder at `path` (`''` for the root).
 *
 * @throws what `readdir` throws
 */
export function listFolder(root: string, path: string, excludes: Exclusion, checkLink: CheckLink): Listing {
  const absolutePath = below(root, path);
  const entries = readdirSync(absolutePath, { withFileTypes: true });
  const misnamed = entries.some(({ name }) => name.includes('\u{fffd}'))
    ? namesNotUtf8(absolutePath)
    : undefined;
  const files: string[] = [];
  const folders: string[] = [];
  const links: Link[] = [];
  const leftOut: string[] = [];
  const scanErrors: ScanError[] = [];
  let names: readonly string[] | undefined;
  for (const entry of entries) {
    const { name } = entry;
    const entryPath = path === '' ? name : `${path}/${name}`;
    if (excludes(entryPath, name)) {
      if (isNestedModules(entryPath, name, excludes)) {
        scanErrors.push({ code: 'E_NESTED', path: entryPath, cause: '' });
      } else if (isSurprise(entryPath, name, excludes)) leftOut.push(entryPath);
      continue;
    }
    // Testing the whole path also flattens the concatenated string. Otherwise the garbage collector copies
    // thousands of two-part strings.
    if (!fitsManifest(entryPath, name) || misnamed?.has(name)) {
      scanErrors.push({ code: 'E_NAME', path: entryPath, cause: '' });
      continue;
    }
    const type = entryTypeOf(entry, `${absolutePath}/${name}`);
    if (type === 'file') files.push(entryPath);
    else if (type === 'folder') folders.push(entryPath);
    else if (type === 'E_SPECIAL') scanErrors.push({ code: type, path: entryPath, cause: '' });
    else {
      names ??= entries.map((sibling) => sibling.name);
      const link = checkLink(entryPath, names);
      if ('code' in link) scanErrors.push(link);
      else links.push(link);
    }
  }
  return { files, folders, links, leftOut, scanErrors };
}

/** What the root leads to where it is a link, as Capistrano's `current`: whoever named it meant the tree behind it. */
export function resolveRoot(root: string): string {
  try {
    return lstatSync(root.replace(/(?<=.)\/+\.?$/, '')).isSymbolicLink() ? realpathSync(root) : root;
  } catch {
    return root;
  }
}

/** The absolute path of an entry. */
export function below(root: string, path: string): string {
  if (path === '') return root;
  return root.endsWith('/') ? `${root}${path}` : `${root}/${path}`;
}

type EntryType = 'file' | 'folder' | 'link' | 'E_SPECIAL';

function entryTypeOf(
  entry: Pick<Dirent, 'isFile' | 'isDirectory' | 'isSymbolicLink'>,
  absolutePath: string,
): EntryType {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'folder';
  if (entry.isSymbolicLink()) return 'link';
  // Some file systems do not say in a listing what an entry is; Node asks then, unless it vanished meanwhile.
  const stats = lstatSync(absolutePath, { throwIfNoEntry: false });
  return stats?.isFile() === true ? 'file' : 'E_SPECIAL';
}

/** Names that only look like text: what is not UTF-8 was replaced by U+FFFD, which can also be there by itself. */
function namesNotUtf8(absolutePath: string): ReadonlySet<string> {
  const names = readdirSync(absolutePath, { encoding: 'buffer' });
  return new Set(names.filter((name) => !isUtf8(name)).map((name) => name.toString()));
}
