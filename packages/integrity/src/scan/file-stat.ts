/**
 * What the file system says of an entry without reading it: a change of a file changes its stat, if only the
 * ctime, which no program can set back.
 */
import { lstatSync, type Stats } from 'node:fs';

/**
 * Times are in milliseconds with a fraction, which holds them to a quarter of a microsecond. That is finer than two
 * writes can follow each other with a scan between them; see `isFresh` for those that leave the same time.
 */
export type FileStat = Pick<Stats, 'dev' | 'ino' | 'mode' | 'size' | 'mtimeMs' | 'ctimeMs'>;

export function fileStatOf({ dev, ino, mode, size, mtimeMs, ctimeMs }: Stats): FileStat {
  // A stat of Node holds four Dates besides; over a hundred thousand entries they would weigh more than the rest.
  return { dev, ino, mode, size, mtimeMs, ctimeMs };
}

/** The entry itself, not what a link points at; `undefined` when there is none. */
export function readStat(absolutePath: string): Stats | undefined {
  return lstatSync(absolutePath, NONE_IS_NO_ERROR);
}

const NONE_IS_NO_ERROR = { throwIfNoEntry: false } as const;

export function isSameStat(a: FileStat, b: FileStat): boolean {
  return (
    a.ctimeMs === b.ctimeMs &&
    a.mtimeMs === b.mtimeMs &&
    a.size === b.size &&
    a.ino === b.ino &&
    a.mode === b.mode &&
    a.dev === b.dev
  );
}

/**
 * Linux before 6.13, and many a file system, keep time in ticks of up to 10 ms: two writes within one leave the same
 * stat, and so does a write in the middle of a read.
 */
const TICK_MS = 20;

/** Whether the entry may just have been written to, so that the next write could leave the same stat. */
export function isFresh(stat: FileStat): boolean {
  return Math.abs(Date.now() - stat.ctimeMs) < TICK_MS;
}

/** Whether the entry says it will be changed in the future, as after a clock was set back. */
export function isFuture(stat: FileStat): boolean {
  return stat.ctimeMs > Date.now() + TICK_MS;
}

/** Holds the thread until any write from now on leaves a later stat than any write before. */
export function waitForTick(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, TICK_MS);
}
