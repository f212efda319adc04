/**
 * What came of reading many files, a row for each: the stat under which it was read, its digest, and how far the
 * stat alone can be trusted. Columns of numbers, because these are all that two threads can share, and because objects
 * weigh more: 20,000 files hashed again and again held 100 MB at the most with two objects each, and 75 with a row.
 */
import type { Digested } from './digest.js';
import { isFuture, type FileStat } from './file-stat.js';

/** Rows of numbers. Nothing is known of a row until something is noted in it. */
export interface FileTable {
  readonly rows: number;
  readonly memory: SharedArrayBuffer;
  /**
   * Notes what was read of a file.
   *
   * @returns whether its digest is another than the one before, or the first
   */
  set(row: number, read: Digested): boolean;
  /** Takes over a row of another table. */
  copy(row: number, from: FileTable, fromRow: number): void;
  forget(row: number): void;
  isKnown(row: number): boolean;
  /** Whether nothing moved since the file was read, by a stat that can be trusted. */
  isStill(row: number, stat: FileStat): boolean;
  /** Whether the stat can be trusted. */
  isSettled(row: number): boolean;
  /** In bytes. */
  size(row: number): number;
  /** Under which it was read. */
  stat(row: number): FileStat;
  /** 64 lower-case hexadecimal digits. */
  digest(row: number): string;
  /** What `copy` copies. */
  readonly columns: Readonly<Record<'stats' | 'digests' | 'times', Float64Array | Uint8Array>>;
}

/** dev, ino, mode, size, mtime, ctime. */
const STAT_NUMBERS = 6;
const SIZE = 3;
const DIGEST_BYTES = 32;
const ROW_BYTES = STAT_NUMBERS * 8 + DIGEST_BYTES + 1;

/** A stat from the future cannot be trusted at once; read this often under the same one, it is. */
const TIMES_ENOUGH = 3;

/** @param memory - of another table of as many rows, in another thread */
export function createFileTable(rows: number, memory = new SharedArrayBuffer(rows * ROW_BYTES)): FileTable {
  const stats = new Float64Array(memory, 0, rows * STAT_NUMBERS);
  const digests = Buffer.from(memory, stats.byteLength, rows * DIGEST_BYTES);
  /** How often it was read under this stat, as far as that matters. */
  const times = new Uint8Array(memory, stats.byteLength + digests.byteLength, rows);

  function hasStat(row: number, { dev, ino, mode, size, mtimeMs, ctimeMs }: FileStat): boolean {
    const at = row * STAT_NUMBERS;
    return (
      stats[at + 5] === ctimeMs &&
      stats[at + 4] === mtimeMs &&
      stats[at + SIZE] === size &&
      stats[at + 2] === mode &&
      stats[at + 1] === ino &&
      stats[at] === dev
    );
  }

  const digest = (row: number): string =>
    digests.toString('hex', row * DIGEST_BYTES, (row + 1) * DIGEST_BYTES);
  const isKnown = (row: number): boolean => (times[row] ?? 0) > 0;
  const isSettled = (row: number): boolean => (times[row] ?? 0) >= TIMES_ENOUGH;

  return {
    rows,
    memory,
    set(row, { stat, digest: found }) {
      const before = times[row] ?? 0;
      const isNew = before === 0 || digest(row) !== found;
      let count = TIMES_ENOUGH;
      if (isFuture(stat)) count = before > 0 && hasStat(row, stat) ? Math.min(before + 1, count) : 1;
      const at = row * STAT_NUMBERS;
      stats[at] = stat.dev;
      stats[at + 1] = stat.ino;
      stats[at + 2] = stat.mode;
      stats[at + SIZE] = stat.size;
      stats[at + 4] = stat.mtimeMs;
      stats[at + 5] = stat.ctimeMs;
      digests.write(found, row * DIGEST_BYTES, DIGEST_BYTES, 'hex');
      times[row] = count;
      return isNew;
    },
    copy(row, { columns }, fromRow) {
      copyRow(columns.stats, fromRow, stats, row, STAT_NUMBERS);
      copyRow(columns.digests, fromRow, digests, row, DIGEST_BYTES);
      copyRow(columns.times, fromRow, times, row, 1);
    },
    forget(row) {
      times[row] = 0;
    },
    isKnown,
    isStill: (row, stat) => isSettled(row) && hasStat(row, stat),
    isSettled,
    size: (row) => stats[row * STAT_NUMBERS + SIZE] ?? Number.NaN,
    stat(row) {
      const at = row * STAT_NUMBERS;
      const [dev = 0, ino = 0, mode = 0, size = 0, mtimeMs = 0, ctimeMs = 0] = stats.subarray(
        at,
        at + STAT_NUMBERS,
      );
      return { dev, ino, mode, size, mtimeMs, ctimeMs };
    },
    digest,
    columns: { stats, digests, times },
  };
}

function copyRow<Column extends Float64Array | Uint8Array>(
  from: Column,
  fromRow: number,
  to: Column,
  row: number,
  numbers: number,
): void {
  to.set(from.subarray(fromRow * numbers, (fromRow + 1) * numbers), row * numbers);
}
