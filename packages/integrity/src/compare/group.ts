/**
 * A folder to which one thing happened as a whole is one change, not hundreds.
 */
import type { Change } from './change.js';

/** What is below a folder, in either tree: how many paths, and the one thing that happened to all of them, if so. */
interface FolderFate {
  paths: number;
  fate: string | undefined;
}

/**
 * Changes of single files, gathered by the highest folder all of whose paths share their fate, in the order of paths.
 *
 * @param before - all paths of the first tree
 * @param after - all paths of the second
 */
export function groupChanges(
  changes: readonly Change[],
  before: readonly string[],
  after: readonly string[],
): Change[] {
  const fates = new Map<string, string>();
  for (const change of changes) {
    const fate = fateOf(change);
    fates.set(change.path, fate);
    // A renamed file is missing where it was, and that is one thing with its being here.
    if (change.kind === 'renamed' && change.from !== undefined) fates.set(change.from, fate);
  }
  const folders = fatesOfFolders(new Set([...before, ...after]), fates);

  const groups = new Map<string, { change: Change; files: number }>();
  for (const change of changes) {
    const folder = highestFolder(change, folders);
    const key = folder === undefined ? `file ${change.path}` : `${fateOf(change)} ${folder}`;
    const group = groups.get(key);
    if (group) group.files += 1;
    else groups.set(key, { change, files: 1 });
  }
  return Array.from(groups, ([, { change, files }]) =>
    files === 1 ? change : asFolder(change, highestFolder(change, folders) ?? '', files),
  ).toSorted((a, b) => (a.path < b.path ? -1 : Number(a.path > b.path)));
}

/** What happened, in a form that is equal for files that went the same way. */
function fateOf({ kind, path, from, note }: Change): string {
  if (from === undefined) return JSON.stringify([kind, note]);
  return JSON.stringify([kind, ...withoutCommonEnd(from, path)]);
}

/** `lib/a/x.js`, `dist/a/x.js` → `lib`, `dist`: what is left when the common parts at the end are taken away. */
function withoutCommonEnd(from: string, path: string): [string, string] {
  const fromParts = from.split('/');
  const pathParts = path.split('/');
  while (fromParts.length > 0 && pathParts.length > 0 && fromParts.at(-1) === pathParts.at(-1)) {
    fromParts.pop();
    pathParts.pop();
  }
  return [fromParts.join('/'), pathParts.join('/')];
}

function fatesOfFolders(
  paths: ReadonlySet<string>,
  fates: ReadonlyMap<string, string>,
): ReadonlyMap<string, FolderFate> {
  const folders = new Map<string, FolderFate>();
  for (const path of paths) {
    const fate = fates.get(path);
    for (const folder of foldersAbove(path)) {
      const known = folders.get(folder);
      if (!known) folders.set(folder, { paths: 1, fate });
      else {
        known.paths += 1;
        if (known.fate !== fate) known.fate = undefined;
      }
    }
  }
  return folders;
}

/** `a/b/c` → `''`, `a`, `a/b`. */
function foldersAbove(path: string): string[] {
  const folders = [''];
  for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) {
    folders.push(path.slice(0, slash));
  }
  return folders;
}

function highestFolder(change: Change, folders: ReadonlyMap<string, FolderFate>): string | undefined {
  const fate = fateOf(change);
  return foldersAbove(change.path).find((folder) => folders.get(folder)?.fate === fate);
}

/**
 * The group's own change: a renamed or copied folder is reported by the folders its files moved between, not by the
 * topmost folder that shares their fate.
 */
function asFolder(change: Change, folder: string, files: number): Change {
  if (change.from === undefined) return { ...change, path: asPath(folder), files };
  const [from, path] = withoutCommonEnd(change.from, change.path);
  return { ...change, path: asPath(path), from: asPath(from), files };
}

function asPath(folder: string): string {
  return folder === '' ? './' : `${folder}/`;
}
