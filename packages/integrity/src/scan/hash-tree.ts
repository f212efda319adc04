/**
 * A tree hashed once, on the calling thread: for a program that has nothing else to do. An application uses
 * `watchSource`, which leaves its event loop alone.
 */
import type { OnProgress } from './file-cache.js';
import { createFileIndex, type ScanResult } from './file-index.js';
import { inManifestOrder, type ManifestEntry } from './manifest.js';
import { SourceError, type ScanError } from './scan-error.js';
import type { Link, Scope } from './scope.js';

/** A tree, as far as it could be read. */
export interface HashedTree {
  /** `undefined` when something stands in the way, which `scanErrors` name. */
  readonly result: ScanResult | undefined;
  readonly scanErrors: readonly ScanError[];
  /** Every file that was read, in no order. */
  readonly entries: readonly ManifestEntry[];
  /** Every link that may be there, by path. */
  readonly links: readonly Link[];
  /** What was left out and belongs to the scope only where it lies; sorted. */
  readonly leftOut: readonly string[];
}

export function hashTree(scope: Scope, onProgress?: OnProgress): HashedTree {
  const fileIndex = createFileIndex(scope);
  let result: ScanResult | undefined;
  let scanErrors: readonly ScanError[] = [];
  try {
    result = fileIndex.scan(onProgress);
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    ({ scanErrors } = error);
  }
  const links = inManifestOrder(fileIndex.links());
  return {
    result,
    scanErrors,
    entries: fileIndex.entries(),
    links,
    leftOut: fileIndex.leftOut().toSorted(),
  };
}
