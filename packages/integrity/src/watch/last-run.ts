/**
 * The tree of the run before, kept as its manifest: a source that was changed while nothing ran is told at the next start.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { systemCode } from 'portal-shared/error-code';
import { compareTrees } from '../compare/compare.js';
import { formatManifest, manifestHash, parseManifest, type ManifestEntry } from '../scan/manifest.js';
import { bounded, type Differences } from './drift.js';

export interface LastRun {
  /** `null` when there is none, or none that can be read. */
  readonly hash: string | null;
  /** This start against it. */
  readonly differences: Differences;
  /** Why the tree of this start cannot be kept for the next; empty when it is. */
  readonly notKept: string;
}

/** Compares the tree with the one that `file` keeps, and keeps this one in its place. */
export function exchangeLastRun(file: string, entries: readonly ManifestEntry[]): LastRun {
  const before = readLast(file);
  const differences = bounded(compareTrees(before ?? entries, entries, undefined));
  return { hash: before ? manifestHash(before) : null, differences, notKept: keep(file, entries) };
}

function readLast(file: string): readonly ManifestEntry[] | undefined {
  try {
    return parseManifest(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/** A start that is cut off in the middle leaves the file of before. */
function keep(file: string, entries: readonly ManifestEntry[]): string {
  const written = `${file}.new`;
  try {
    writeFileSync(written, formatManifest(entries), { mode: 0o600 });
    renameSync(written, file);
    return '';
  } catch (error) {
    return systemCode(error);
  }
}
