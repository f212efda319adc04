/**
 * The second reader's thread: told of files, takes those that nobody has taken until there are none. It stays
 * until it is sent away: what its end costs would slow down what is left to do.
 */
import { parentPort } from 'node:worker_threads';
import { createFileReader } from './digest.js';
import { joinWork, type SharedWork } from './shared-work.js';
import { below } from './walk.js';

parentPort?.on('message', (work: SharedWork) => {
  const { path, take, note, beat, finish } = joinWork(work);
  const readFile = createFileReader(beat);
  try {
    for (let index = take(); index !== undefined; index = take()) {
      const read = readFile(below(work.root, path(index)));
      // Whatever is not simply read is left to the first reader, which can say why.
      if (read !== 'gone' && 'digest' in read) note(index, read);
    }
  } finally {
    // Also when it failed: what it has taken and not noted is left to the first reader, which waits for this.
    finish();
  }
});
