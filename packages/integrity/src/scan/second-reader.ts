/**
 * The second reader's thread: takes the files that the first reader has not taken, until none is left. It stays
 * until it is terminated: its exit would slow down what is left to do.
 */
import { parentPort } from 'node:worker_threads';
import { createFileReader } from './digest.js';
import { joinWork, type SharedWork } from './shared-work.js';
import { below } from './walk.js';

parentPort?.on('message', (work: SharedWork & { readonly maxFileBytes: number }) => {
  const shared = joinWork(work);
  const readFile = createFileReader((bytes) => shared.beat(bytes), work.maxFileBytes);
  try {
    for (let index = shared.take(); index !== undefined; index = shared.take()) {
      const read = readFile(below(work.root, shared.path(index)));
      // Whatever is not simply read is left to the first reader, which can say why.
      if (read !== 'gone' && 'digest' in read) shared.note(index, read);
    }
  } finally {
    // Also when it failed: what it has taken and not noted is left to the first reader, which waits for this.
    shared.finish();
  }
});
