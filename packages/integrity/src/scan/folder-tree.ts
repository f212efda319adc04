/**
 * The folders of a tree, each with what it held when it was listed last. Only those that moved are listed again.
 */
import { allFiles, allFolders, newCachedFolder, refreshFolder } from './cached-files.js';
import type { CachedFile, CachedFolder } from './cached-files.js';
import { isSameStat, readStat, type FileStat } from './file-stat.js';
import { createLinkCheck, missingLinks } from './links.js';
import { isBehind, type ScanError } from './scan-error.js';
import { createExclusion, type Link, type Scope } from './scope.js';
import { touchBetween, type Touch } from './touch.js';
import { below } from './walk.js';

/** What one pass over the tree came upon. */
export interface Pass {
  readonly scanErrors: readonly ScanError[];
  /** A folder, or a folder of a file, that went away during the pass. */
  readonly movedFolder: string | undefined;
}

export interface FolderTree {
  readonly files: () => readonly CachedFile[];
  readonly folders: () => readonly CachedFolder[];
  /** Those that may be there, in no order. */
  readonly links: () => Link[];
  /** What is left out and may lie only where it does now, or where it was signed, in no order. */
  readonly leftOut: () => string[];
  /** From now on a `node_modules` that is left out may lie only where one does. */
  readonly settleModules: () => void;
  /**
   * Lists what moved, and calls `visit` for every file. Ends early when an entry has gone.
   *
   * @param visit - returns false for a file that has gone
   */
  readonly walk: (visit: (file: CachedFile) => boolean) => Pass;
  /** Another number whenever a folder was listed. */
  readonly revision: () => number;
  /** The first folder that is no longer what it was when it was listed: a file came or went meanwhile. */
  readonly movedFolder: () => string | undefined;
  /** Folders that were listed again, under another stat and with the entries of before; each is told once. */
  readonly takeTouches: () => readonly Touch[];
}

/** @param onLost - called with the files of a folder that can no longer be read */
export function createFolderTree(
  scope: Scope,
  onLost: (files: readonly CachedFile[]) => void = () => undefined,
): FolderTree {
  const { root } = scope;
  const excludes = createExclusion(scope.exclude);
  const checkLink = createLinkCheck(root, excludes, scope.links);
  const top = newCachedFolder('');
  const signed = scope.leftOut && new Set(scope.leftOut);
  let mayLie = (path: string): boolean => signed?.has(path) ?? true;
  let revision = 0;
  let touches: Touch[] = [];
  /** Of folders that cannot be read now: who hides behind that moves their stamps. */
  const lostStats = new Map<string, FileStat>();

  function noteLoss({ path, stat, files, folders }: CachedFolder): void {
    if (stat) lostStats.set(path, stat);
    const inside = folders.flatMap(allFolders);
    for (const child of inside) if (child.stat) lostStats.set(child.path, child.stat);
    onLost([files, ...inside.map((child) => child.files)].flat());
  }

  function refresh(folder: CachedFolder): ReturnType<typeof refreshFolder> {
    const before = { ...folder };
    const found = refreshFolder(folder, root, excludes, checkLink);
    if (typeof found === 'object') noteLoss(before);
    if (found !== 'listed') return found;
    revision += 1;
    const lost = lostStats.get(folder.path);
    lostStats.delete(folder.path);
    const isSame = hasSame(before.files, folder.files) && hasSame(before.folders, folder.folders);
    const stat = lost ?? (isSame ? before.stat : undefined);
    const touch = stat && folder.stat && touchBetween(folder.path, stat, folder.stat);
    if (touch) touches.push(touch);
    return found;
  }

  function links(): Link[] {
    return allFolders(top).flatMap((folder) => folder.links);
  }

  /** What came later, and nobody signed. */
  function surprisesIn(folder: CachedFolder): readonly ScanError[] {
    return folder.leftOut
      .filter((path) => !mayLie(path))
      .map((path) => ({ code: 'E_LEFT_OUT', path, cause: '' }));
  }

  function leftOut(): string[] {
    return allFolders(top).flatMap((folder) => folder.leftOut);
  }

  return {
    links,
    leftOut,
    settleModules() {
      const places = new Set(leftOut());
      mayLie = (path) => places.has(path) || !path.endsWith('node_modules');
    },
    files: () => allFiles(top),
    folders: () => allFolders(top),
    walk(visit) {
      const scanErrors: ScanError[] = [];
      const waiting = [top];
      for (let folder = waiting.pop(); folder; folder = waiting.pop()) {
        const found = refresh(folder);
        if (found === 'gone') return { scanErrors, movedFolder: folder.path };
        if (found !== 'listed' && found !== 'same') {
          scanErrors.push(found);
          continue;
        }
        for (const scanError of folder.scanErrors) scanErrors.push(scanError);
        for (const surprise of surprisesIn(folder)) scanErrors.push(surprise);
        for (const child of folder.folders) waiting.push(child);
        for (const file of folder.files) if (!visit(file)) return { scanErrors, movedFolder: folder.path };
      }
      const missing = missingLinks(scope.links, links()).filter(({ path }) => !isBehind(path, scanErrors));
      return { scanErrors: [...scanErrors, ...missing], movedFolder: undefined };
    },
    revision: () => revision,
    movedFolder: () =>
      allFolders(top).find(({ path, stat }) => {
        if (!stat) return false;
        const stats = readStat(below(root, path));
        return !stats || !isSameStat(stat, stats);
      })?.path,
    takeTouches() {
      const taken = touches;
      touches = [];
      return taken;
    },
  };
}

/** Whether these are the very same entries: what stays keeps its own, see `refreshFolder`. */
function hasSame(before: readonly unknown[], after: readonly unknown[]): boolean {
  const known = new Set(before);
  return before.length === after.length && after.every((entry) => known.has(entry));
}
