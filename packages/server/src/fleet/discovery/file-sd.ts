/**
 * Lists in files. The folders are watched, since an editor and a ConfigMap replace a file rather than write it.
 */
import { readFileSync, statSync, watch, type FSWatcher } from 'node:fs';
import { basename, dirname } from 'node:path';
import { DiscoveryError, readTargetList } from './target-list.js';

const LONGEST_FILE = 16 * 1024 * 1024;

/**
 * @throws DiscoveryError when one of the files holds no list
 * @throws an Error of the system when one cannot be read
 */
export function readTargetFiles(paths: readonly string[]): readonly string[] {
  return paths.flatMap((path) => {
    if (statSync(path).size > LONGEST_FILE) throw new DiscoveryError('a file of the list is too large');
    return readTargetList(readFileSync(path, 'utf8'));
  });
}

/**
 * Calls `onChange` when one of the files may have changed. What cannot be watched is reread on the interval alone.
 *
 * @returns how to stop
 */
export function watchTargetFiles(paths: readonly string[], onChange: () => void): () => void {
  const folders = new Map<string, Set<string>>();
  for (const path of paths) {
    const folder = dirname(path);
    folders.set(folder, (folders.get(folder) ?? new Set()).add(basename(path)));
  }
  const watchers: FSWatcher[] = [];
  for (const [folder, names] of folders) {
    try {
      const watcher = watch(folder, { persistent: false }, (_, name) => {
        // A ConfigMap changes only the link `..data` beside the files.
        if (name === null || names.has(name) || name === '..data') onChange();
      });
      watcher.on('error', () => watcher.close());
      watchers.push(watcher);
    } catch {
      // The folder may come later.
    }
  }
  return () => {
    for (const watcher of watchers) watcher.close();
  };
}
