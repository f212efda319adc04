/**
 * `fs.watch` only makes a scan come early. It loses events, cannot watch everywhere and says nothing
 * about what happened before, so nothing depends on it.
 */
import { watch, type FSWatcher } from 'node:fs';
import type { Exclusion } from '../scan/scope.js';
import { below } from '../scan/walk.js';

export interface FsEvents {
  /** Watches these folders, by paths from the root, and no others. */
  follow(folders: readonly string[]): void;
  /** Whether each of them is watched: the kernel gives a limited number of watches, and some file systems none. */
  isComplete(): boolean;
}

/** The kernel has a limited number of watches for all of a user's programs. */
const FOLDERS_WATCHED = 4_096;

/** One watcher a folder: `recursive` on Linux is an imitation that walks the tree by itself. */
export function watchFsEvents(root: string, excludes: Exclusion, onEvent: () => void): FsEvents {
  let folderCount = 0;
  const watchers = new Map<string, FSWatcher>();

  function watchFolder(path: string): void {
    try {
      const watcher = watch(below(root, path), { persistent: false }, (_event, name) => {
        // A log file that is excluded and written to all the time is no reason to scan.
        if (name !== null && excludes(path === '' ? name : `${path}/${name}`, name)) return;
        onEvent();
      });
      watcher.on('error', () => unwatch(path));
      watchers.set(path, watcher);
    } catch {
      // No watch to be had, or the folder is gone: the next scan finds what changed.
    }
  }

  function unwatch(path: string): void {
    watchers.get(path)?.close();
    watchers.delete(path);
  }

  return {
    follow(folders) {
      folderCount = folders.length;
      const wanted = new Set(folders.slice(0, FOLDERS_WATCHED));
      for (const path of watchers.keys()) if (!wanted.has(path)) unwatch(path);
      for (const path of wanted) if (!watchers.has(path)) watchFolder(path);
    },
    isComplete: () => watchers.size === folderCount,
  };
}
