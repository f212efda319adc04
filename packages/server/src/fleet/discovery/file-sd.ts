/**
 * Lists in files. The folders are watched, since an editor and a ConfigMap replace a file rather than write it.
 */
import { readFileSync, statSync, watch, type FSWatcher } from 'node:fs';
import { basename, dirname } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { stampOf } from '../file/file-stamp.js';
import { checkTargets, DiscoveryError, readTargetList } from './target-list.js';

const LONGEST_FILE = 16 * 1024 * 1024;

/**
 * Looks at the files and reads those that may have changed: the same list is the same array. A change that came while a file was
 * read can leave it with the time that it had, so that each is read once more before its time is trusted.
 *
 * @returns what throws a DiscoveryError when one of the files holds no list, and an Error of the system when one cannot be read
 */
export function createFileList(paths: readonly string[]): () => readonly string[] {
  let last:
    { readonly stamp: string; readonly targets: readonly string[]; readonly isTrusted: boolean } | undefined;
  return () => {
    const stamp = paths.map(stampOf).join('\n');
    const isSame = last?.stamp === stamp;
    if (last && isSame && last.isTrusted) return last.targets;
    const read = checkTargets(readTargetFiles(paths));
    const targets = last && isDeepStrictEqual(last.targets, read) ? last.targets : read;
    last = { stamp, targets, isTrusted: isSame };
    return targets;
  };
}

/**
 * @throws DiscoveryError when one of the files holds no list
 * @throws an Error of the system when one cannot be read
 */
function readTargetFiles(paths: readonly string[]): readonly string[] {
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
