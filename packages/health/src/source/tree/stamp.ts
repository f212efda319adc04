/**
 * What the file system says of an entry without reading it: whoever changes a file changes its stamp, if only the
 * ctime, which no program can set back.
 */
import { lstatSync, type BigIntStats } from 'node:fs';

export interface Stamp {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly mode: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

export function stampOf(stats: BigIntStats): Stamp {
  // A stat of Node holds four Dates besides; over a hundred thousand entries they would weigh more than the rest.
  return {
    dev: stats.dev,
    ino: stats.ino,
    mode: stats.mode,
    size: stats.size,
    mtimeNs: stats.mtimeNs,
    ctimeNs: stats.ctimeNs,
  };
}

/** The entry itself, not what a link points at; `undefined` when there is none. */
export function lookAt(absolutePath: string): BigIntStats | undefined {
  return lstatSync(absolutePath, { bigint: true, throwIfNoEntry: false });
}

export function isSame(a: Stamp, b: Stamp): boolean {
  return (
    a.ctimeNs === b.ctimeNs &&
    a.mtimeNs === b.mtimeNs &&
    a.size === b.size &&
    a.ino === b.ino &&
    a.mode === b.mode &&
    a.dev === b.dev
  );
}

/**
 * Linux before 6.13, and many a file system, keep time in ticks of up to 10 ms: two writes within one leave the same
 * stamp, and so does a write in the middle of a read.
 */
const TICK_MS = 20;

/** Whether an entry with this stamp may just have been written to, so that the next write could leave the same stamp. */
export function isFresh(stamp: Stamp): boolean {
  const nowMs = Date.now();
  const changedMs = Number(stamp.ctimeNs / 1_000_000n);
  return changedMs > nowMs - TICK_MS && changedMs <= nowMs + TICK_MS;
}

/** Whether the entry says it will be changed in the future, as after a clock was set back. */
export function isFuture(stamp: Stamp): boolean {
  return Number(stamp.ctimeNs / 1_000_000n) > Date.now();
}

/** Holds the thread until any write from now on leaves a later stamp than any write before. */
export function waitForTick(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, TICK_MS);
}
