/**
 * The files of a tree and their rows in the file table.
 */
import { NO_ROW, type CachedFile } from './cached-files.js';
import type { Digested } from './digest.js';
import { createFileTable, type FileTable } from './file-table.js';
import type { FileStat } from './file-stat.js';

export interface FileRows {
  /** The table as it is now; another one takes its place when it is full. */
  table(): FileTable;
  /** Gives a row to each file that has none. Without room for all, the rows of files that are gone are given up. */
  assign(files: readonly CachedFile[]): void;
  /** Copies the table, because another thread may go on to write into this one. */
  detach(): void;
  /** @returns whether the digest of the file is new */
  set(file: CachedFile, read: Digested): boolean;
  forget(file: CachedFile): void;
  /** Whether the stat of the file alone can tell that nothing moved. */
  isSettled(file: CachedFile): boolean;
  isStill(file: CachedFile, stat: FileStat): boolean;
  isKnown(file: CachedFile): boolean;
  digest(file: CachedFile): string;
  size(file: CachedFile): number;
  stat(file: CachedFile): FileStat;
}

/** So much more room than there are files, for those that will come. */
const ROOM_TO_GROW = 1.25;

/** @param cachedFiles - every file of the tree */
export function createFileRows(cachedFiles: () => readonly CachedFile[]): FileRows {
  let table = createFileTable(0);
  let rowsTaken = 0;

  function grow(newFiles: number): void {
    const kept = cachedFiles().filter(({ row }) => row !== NO_ROW);
    const larger = createFileTable(Math.ceil((kept.length + newFiles) * ROOM_TO_GROW));
    for (const [row, file] of kept.entries()) {
      larger.copy(row, table, file.row);
      file.row = row;
    }
    table = larger;
    rowsTaken = kept.length;
  }

  return {
    table: () => table,
    assign(files) {
      const without = files.filter(({ row }) => row === NO_ROW);
      if (rowsTaken + without.length > table.rows) grow(without.length);
      for (const file of without) {
        file.row = rowsTaken;
        rowsTaken += 1;
      }
    },
    detach() {
      table = createFileTable(table.rows, table.memory.slice());
    },
    set: ({ row }, read) => table.set(row, read),
    forget: ({ row }) => table.forget(row),
    isSettled: ({ row }) => row !== NO_ROW && table.isSettled(row),
    isStill: ({ row }, stat) => table.isStill(row, stat),
    isKnown: ({ row }) => row !== NO_ROW && table.isKnown(row),
    digest: ({ row }) => table.digest(row),
    size: ({ row }) => table.size(row),
    stat: ({ row }) => table.stat(row),
  };
}
