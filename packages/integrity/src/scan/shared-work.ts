/**
 * A list of files that two threads read together: each takes the next one that nobody has taken, and notes what it
 * read in the same table.
 */
import type { Digested } from './digest.js';
import { createFileTable, type FileTable } from './file-table.js';

/** A file that has a place for its reading. */
export interface Placed {
  /** From the root. */
  readonly path: string;
  readonly row: number;
}

/** What the second reader is given. */
export interface SharedWork {
  readonly root: string;
  /** All of them in one piece: thousands of strings are slow to hand over, and to keep. */
  readonly paths: string;
  /** Where in it each of them ends. */
  readonly ends: Int32Array;
  readonly rows: Int32Array;
  /** Of the file table, and how many rows it has. */
  readonly memory: SharedArrayBuffer;
  readonly memoryRows: number;
  readonly counters: SharedArrayBuffer;
}

/** The second reader has noted the file, and its digest is the one that was there. */
const SAME = 1;
/** Its digest is another, or the first. */
export const NEW = 2;

export interface Shared {
  /** From the root. */
  path(index: number): string;
  /** The index of a file that is from now on ours; `undefined` when all are taken. */
  take(): number | undefined;
  /** Notes what the second reader read of a file, and reports it. */
  note(index: number, read: Digested): void;
  /** What is reported of each file by now: nothing (0), that its digest is the same (1), or `NEW`. */
  reported(): Uint8Array;
  /** Reports that the second reader is alive, and how many bytes it has read. */
  beat(bytes: number): void;
  beats(): number;
  bytes(): number;
  /** Reports that the second reader notes nothing any more. */
  finish(): void;
  finished(): boolean;
  /** Holds the thread until then, or for a while. */
  waitForFinish(timeoutMs: number): void;
}

const NEXT = 0;
const BEATS = 1;
const FINISHED = 2;
const COUNTERS = 3;
const BYTES_AT = 16;
const REPORTED_AT = BYTES_AT + 8;

export function shareWork(root: string, files: readonly Placed[], table: FileTable): SharedWork {
  const ends = new Int32Array(files.length);
  const rows = new Int32Array(files.length);
  let paths = '';
  for (const [index, { path, row }] of files.entries()) {
    paths += path;
    ends[index] = paths.length;
    rows[index] = row;
  }
  const { memory, rows: memoryRows } = table;
  return {
    root,
    paths,
    ends,
    rows,
    memory,
    memoryRows,
    counters: new SharedArrayBuffer(REPORTED_AT + files.length),
  };
}

export function joinWork(work: SharedWork): Shared {
  const { paths, ends, rows, memory, memoryRows, counters: shared } = work;
  const counters = new Int32Array(shared, 0, COUNTERS);
  // Written by the second reader alone, and only to tell how far it has come.
  const bytesRead = new Float64Array(shared, BYTES_AT, 1);
  const told = new Uint8Array(shared, REPORTED_AT, rows.length);
  const table = createFileTable(memoryRows, memory);
  return {
    path: (index) => paths.slice(ends[index - 1] ?? 0, ends[index]),
    take() {
      const index = Atomics.add(counters, NEXT, 1);
      return index < rows.length ? index : undefined;
    },
    note(index, read) {
      const isNew = table.set(rows[index] ?? Number.NaN, read);
      // After it: whoever sees this in the other thread sees what was noted.
      Atomics.store(told, index, isNew ? NEW : SAME);
    },
    reported: () => new Uint8Array(rows.length).map((_, index) => Atomics.load(told, index)),
    beat(bytes) {
      bytesRead[0] = (bytesRead[0] ?? 0) + bytes;
      Atomics.add(counters, BEATS, 1);
    },
    beats: () => Atomics.load(counters, BEATS),
    bytes: () => bytesRead[0] ?? 0,
    finish() {
      Atomics.store(counters, FINISHED, 1);
      Atomics.notify(counters, FINISHED);
    },
    finished: () => Atomics.load(counters, FINISHED) === 1,
    waitForFinish: (timeoutMs) => void Atomics.wait(counters, FINISHED, 0, timeoutMs),
  };
}
