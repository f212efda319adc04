/**
 * Trees as named on a command line: a folder, or the manifest of one.
 */
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import type { ReadContent } from '../compare/compare.js';
import { hashTree, type HashedTree } from '../scan/hash-tree.js';
import { parseManifest, type ManifestEntry } from '../scan/manifest.js';
import { printable } from 'portal-shared/printable';
import type { Scope } from '../scan/scope.js';
import { below } from '../scan/walk.js';
import { InconclusiveError } from 'portal-shared/cli/command';
import { readText } from 'portal-shared/cli/arguments';
import type { Terminal } from 'portal-shared/cli/terminal';

export function hashFolder(scope: Scope, terminal: Terminal): HashedTree {
  const progress = terminal.progress(`Hashing ${printable(scope.root)}`);
  try {
    return hashTree(scope, progress.step);
  } finally {
    progress.done();
  }
}

export interface Manifest {
  readonly hash: string;
  readonly entries: readonly ManifestEntry[];
}

/** Reads `source.sha256`. Its hash is that of its bytes, so it is taken as it is or not at all. */
export function readManifest(file: string): Manifest {
  const text = readText(file);
  const entries = parseManifest(text);
  if (!entries) {
    throw new InconclusiveError(
      `${file} is not a manifest: lines of sha256sum, sorted by the bytes of the path.`,
    );
  }
  return { hash: createHash('sha256').update(text).digest('hex'), entries };
}

export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** The content of files below a folder, for a closer look. */
export function contentsOf(root: string): ReadContent {
  return (path) => {
    try {
      return readFileSync(below(root, path));
    } catch {
      return undefined;
    }
  };
}
