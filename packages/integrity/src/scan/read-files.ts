/**
 * Reads many files: alone, or with the help of a second thread when that takes longer than a moment, as it does for
 * thousands of files and for large ones. Half of the time to read a small file goes into the system calls
 * around it, so that one thread alone is hardly faster than the shell.
 */
import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { startThread } from 'portal-shared/thread-entry';
import { MAX_FILE_BYTES, type FileRead } from './digest.js';
import type { FileTable } from './file-table.js';
import { SECOND_READER } from './second-reader-entry.js';
import { joinWork, NEW, shareWork, type Placed, type Shared } from './shared-work.js';
import { below } from './walk.js';

export interface FilesToRead {
  readonly files: readonly Placed[];
  readonly table: FileTable;
  readonly readFile: (absolutePath: string) => FileRead;
  /** Called for every file that this thread reads, in no order. */
  readonly each: (index: number, reading: FileRead) => void;
  /** Called for every file that another thread has read and noted. */
  readonly eachOfOthers: (index: number, isNew: boolean) => void;
  /** Called with the bytes that another thread read. */
  readonly onBytes: (count: number) => void;
  /** Called when another thread may go on to write into the table: the caller goes on with a copy. */
  readonly onStray: () => void;
}

/** One reading of many files of a tree. */
export interface ReadSession {
  /** Announces how many files will be read. From 2,000 on, the second thread is started at once. */
  expect(files: number): void;
  read(files: FilesToRead): void;
  /** Sends the help away. */
  close(): void;
}

/** A second thread is there after about 60 ms: this many small files take about as long to read. */
const MANY_FILES = 2_000;
/** And this long may a few large ones take before it is called. */
const ALONE_MS = 30;
/** A second reader that reads no portion of a file for this long is not waited for. */
const SILENCE_MS = 5_000;
const POLL_MS = 100;

export function startReadSession(root: string, maxFileBytes = MAX_FILE_BYTES): ReadSession {
  let isAlone = availableParallelism() === 1;
  let second: Worker | undefined;

  function callForHelp(): void {
    second ??= callSecondReader();
    isAlone = second === undefined;
  }

  function read(work: FilesToRead): void {
    const { files, readFile, each, eachOfOthers } = work;
    const aloneUntilMs = performance.now() + ALONE_MS;
    for (const [index, { path }] of files.entries()) {
      const isLast = index + 1 === files.length;
      if (!isAlone && !isLast && !second && performance.now() > aloneUntilMs) callForHelp();
      if (second && !isLast) {
        readTogether(second, root, maxFileBytes, {
          ...work,
          files: files.slice(index),
          each: (later, reading) => each(index + later, reading),
          eachOfOthers: (later, isNew) => eachOfOthers(index + later, isNew),
        });
        return;
      }
      each(index, readFile(below(root, path)));
    }
  }

  return {
    expect(files) {
      if (files >= MANY_FILES && !isAlone) callForHelp();
    },
    read,
    close: () => void second?.terminate(),
  };
}

/** It starts although this thread does not go back to its event loop: a thread needs nothing of the one that made it. */
function callSecondReader(): Worker | undefined {
  try {
    const second = startThread(SECOND_READER, {
      name: 'portal-integrity, second reader',
      resourceLimits: { maxYoungGenerationSizeMb: 4 },
    });
    second.unref();
    // Should it fail, its files are left to us.
    second.on('error', () => undefined);
    return second;
  } catch {
    return undefined;
  }
}

function readTogether(second: Worker, root: string, maxFileBytes: number, work: FilesToRead): void {
  const { files, table, readFile, each, eachOfOthers, onBytes, onStray } = work;
  const sharedWork = { ...shareWork(root, files, table), maxFileBytes };
  const shared = joinWork(sharedWork);
  second.postMessage(sharedWork, []);

  let heardOf = 0;
  const hear = (): void => {
    const bytes = shared.bytes();
    onBytes(bytes - heardOf);
    heardOf = bytes;
  };
  const ours = new Uint8Array(files.length);
  for (let index = shared.take(); index !== undefined; index = shared.take()) {
    ours[index] = 1;
    each(index, readFile(below(root, files[index]?.path ?? '')));
    hear();
  }
  waitFor(shared, hear);
  const isStray = !shared.finished();
  // Before the table is copied: rows that are written later may be copied by half.
  const told = shared.reported();
  if (isStray) onStray();
  for (const [index, { path }] of files.entries()) {
    if (ours[index] === 1) continue;
    if (told[index]) eachOfOthers(index, told[index] === NEW);
    else each(index, readFile(below(root, path)));
  }
}

/** Until the second reader has finished, or nothing is heard of it. */
function waitFor(shared: Shared, hear: () => void): void {
  let beats = shared.beats();
  let silentSinceMs = performance.now();
  while (!shared.finished()) {
    shared.waitForFinish(POLL_MS);
    hear();
    if (shared.beats() !== beats) {
      beats = shared.beats();
      silentSinceMs = performance.now();
    }
    // One that has read nothing yet will find nothing left to take.
    if (beats === 0 || performance.now() - silentSinceMs > SILENCE_MS) return;
  }
}
