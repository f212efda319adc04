/**
 * Stamps of an entry that moved although its content is the one of before: it was changed and put back, or somebody
 * set its mode, its owner or its times. Nothing in a stat tells these apart.
 */
import { isSameStat, type FileStat } from './file-stat.js';

export interface Touch {
  /** From the root; `.` for the root. */
  readonly path: string;
  readonly ctimeBeforeMs: number;
  readonly ctimeAfterMs: number;
  /** What moved besides the ctime. */
  readonly moved: readonly ('mode' | 'mtime' | 'size' | 'inode')[];
}

/** `undefined` when nothing moved. */
export function touchBetween(path: string, before: FileStat, after: FileStat): Touch | undefined {
  if (isSameStat(before, after)) return undefined;
  const moved: Touch['moved'][number][] = [];
  if (before.mode !== after.mode) moved.push('mode');
  if (before.mtimeMs !== after.mtimeMs) moved.push('mtime');
  if (before.size !== after.size) moved.push('size');
  if (before.ino !== after.ino || before.dev !== after.dev) moved.push('inode');
  return {
    path: path === '' ? '.' : path,
    ctimeBeforeMs: before.ctimeMs,
    ctimeAfterMs: after.ctimeMs,
    moved,
  };
}
