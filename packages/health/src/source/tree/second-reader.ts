/**
 * The second reader's thread: told of files, takes those that nobody has taken until there are none, and ends.
 */
import { parentPort } from 'node:worker_threads';
import { createFileReader } from './digest.js';
import { viewReadings, type SharedWork } from './shared-readings.js';
import { below } from './walk.js';

parentPort?.once('message', ({ root, paths, memory }: SharedWork) => {
  const readings = viewReadings(memory, paths.length);
  const read = createFileReader((bytes) => readings.beat(bytes));
  try {
    for (let index = readings.take(); index !== undefined; index = readings.take()) {
      readings.put(index, read(below(root, paths[index] ?? '')));
    }
  } finally {
    // Also when it failed: what it has taken and not put down is left to the first reader, which waits for this.
    readings.finish();
  }
});
