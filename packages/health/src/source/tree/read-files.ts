/**
 * Reads many files: alone at first, and with the help of a second thread when that takes longer than a moment, as it
 * does for thousands of files and for large ones. Half of the time to read a small file goes into the system calls
 * around it, so that one thread alone is hardly faster than the shell.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { FileReading } from './digest.js';
import { memoryFor, viewReadings, type SharedReadings, type SharedWork } from './shared-readings.js';
import { below } from './walk.js';

export interface FilesToRead {
  readonly root: string;
  /** From the root. */
  readonly paths: readonly string[];
  readonly readFile: (absolutePath: string) => FileReading;
  /** Told of every file, in no order. */
  readonly each: (index: number, reading: FileReading) => void;
  /** Told of bytes that were read by somebody else. */
  readonly onBytes: (count: number) => void;
}

/** A second thread is there after about 60 ms: this many small files take longer, and so may a few large ones. */
const TOO_MANY_FILES = 4_000;
const ALONE_MS = 30;
/** A reader from whom nothing is heard for this long, not a single portion of a file, is not waited for. */
const SILENCE_MS = 5_000;
const POLL_MS = 100;

export function readFiles(files: FilesToRead): void {
  const { root, paths, readFile, each } = files;
  const aloneMs = paths.length < TOO_MANY_FILES ? ALONE_MS : 0;
  const aloneUntilMs = availableParallelism() > 1 ? performance.now() + aloneMs : Number.POSITIVE_INFINITY;
  for (const [index, path] of paths.entries()) {
    if (performance.now() > aloneUntilMs && index + 1 < paths.length) {
      readTogether({
        ...files,
        paths: paths.slice(index),
        each: (later, reading) => each(index + later, reading),
      });
      return;
    }
    each(index, readFile(below(root, path)));
  }
}

function readTogether({ root, paths, readFile, each, onBytes }: FilesToRead): void {
  const memory = memoryFor(paths.length);
  const readings = viewReadings(memory, paths.length);
  const work: SharedWork = { root, paths, memory };
  // It starts although this thread does not go back to its event loop: a thread needs nothing of the one that made it.
  const second = new Worker(new URL('./second-reader.js', import.meta.url), {
    workerData: work,
    name: 'portal-health source, second reader',
    execArgv: [],
    env: {},
    resourceLimits: { maxYoungGenerationSizeMb: 4 },
  });
  second.unref();
  // Should it fail, its files are left to us.
  second.on('error', () => undefined);

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
  void second.terminate();
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
