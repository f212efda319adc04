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

/** File systems keep time in ticks of up to 10 ms: two writes within one leave the same stamp. */
const TICK_MS = 20;

/** Whether an entry read at `readAtMs` (wall clock) can no longer be written to without its stamp telling. */
export function isSettled(stamp: Stamp, readAtMs: number): boolean {
  return Number(stamp.ctimeNs / 1_000_000n) <= readAtMs - TICK_MS;
}
