/**
 * Reads many files: alone, or with the help of a second thread when that takes longer than a moment, as it does for
 * thousands of files and for large ones. Half of the time to read a small file goes into the system calls
 * around it, so that one thread alone is hardly faster than the shell.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { FileReading } from './digest.js';
import { memoryFor, viewReadings, type SharedReadings, type SharedWork } from './shared-readings.js';
import { below } from './walk.js';

/** Files to be read, and who is told. */
export interface FilesToRead {
  /** From the root. */
  readonly paths: readonly string[];
  readonly readFile: (absolutePath: string) => FileReading;
  /** Told of every file, in no order. */
  readonly each: (index: number, reading: FileReading) => void;
  /** Told of bytes that were read by somebody else. */
  readonly onBytes: (count: number) => void;
}

/** One reading of many files of a tree. */
export interface Reading {
  /** So many files are going to be read, as far as is known: many of them are worth to call for help at once. */
  expect(files: number): void;
  read(files: FilesToRead): void;
  /** Sends the help away. */
  close(): void;
}

/** A second thread is there after about 60 ms: this many small files take about as long to read. */
const MANY_FILES = 2_000;
/** And this long may a few large ones take before it is called. */
const ALONE_MS = 30;
/** A reader from whom nothing is heard for this long, not a single portion of a file, is not waited for. */
const SILENCE_MS = 5_000;
const POLL_MS = 100;

export function startReading(root: string): Reading {
  const isAlone = availableParallelism() === 1;
  let second: Worker | undefined;

  function read({ paths, readFile, each, onBytes }: FilesToRead): void {
    const aloneUntilMs = isAlone ? Number.POSITIVE_INFINITY : performance.now() + ALONE_MS;
    for (const [index, path] of paths.entries()) {
      if ((second || performance.now() > aloneUntilMs) && index + 1 < paths.length) {
        second ??= callSecondReader();
        readTogether(second, root, {
          paths: paths.slice(index),
          readFile,
          each: (later, reading) => each(index + later, reading),
          onBytes,
        });
        return;
      }
      each(index, readFile(below(root, path)));
    }
  }

  return {
    expect(files) {
      if (files >= MANY_FILES && !isAlone) second ??= callSecondReader();
    },
    read,
    close: () => void second?.terminate(),
  };
}

/** It starts although this thread does not go back to its event loop: a thread needs nothing of the one that made it. */
function callSecondReader(): Worker {
  const second = new Worker(new URL('./second-reader.js', import.meta.url), {
    name: 'portal-health source, second reader',
    execArgv: [],
    env: {},
    resourceLimits: { maxYoungGenerationSizeMb: 4 },
  });
  second.unref();
  // Should it fail, its files are left to us.
  second.on('error', () => undefined);
  return second;
}

function readTogether(second: Worker, root: string, { paths, readFile, each, onBytes }: FilesToRead): void {
  const memory = memoryFor(paths.length);
  const readings = viewReadings(memory, paths.length);
  const work: SharedWork = { root, paths, memory };
  second.postMessage(work, []);

  let heardOf = 0;
  const hear = (): void => {
    const bytes = readings.bytes();
    onBytes(bytes - heardOf);
    heardOf = bytes;
  };
  const ours = new Uint8Array(paths.length);
  for (let index = readings.take(); index !== undefined; index = readings.take()) {
    ours[index] = 1;
    each(index, readFile(below(root, paths[index] ?? '')));
    hear();
  }
  waitFor(readings, hear);
  for (const [index, path] of paths.entries()) {
    if (ours[index] === 0) each(index, readings.get(index) ?? readFile(below(root, path)));
  }
}

/** Until the second reader has finished, or nothing is heard of it. */
function waitFor(readings: SharedReadings, hear: () => void): void {
  let beats = readings.beats();
  let silentSinceMs = performance.now();
  while (!readings.finished()) {
    readings.waitForFinish(POLL_MS);
    hear();
    if (readings.beats() !== beats) {
      beats = readings.beats();
      silentSinceMs = performance.now();
    }
    // One that has taken nothing yet will find nothing left to take.
    if (beats === 0 || performance.now() - silentSinceMs > SILENCE_MS) return;
  }
}
