/**
 * Reads a file over and over in a thread, for a test of what many reads of a file under write come to.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { createFileReader } from '../../src/scan/digest.js';

const { file, times }: { file: string; times: number } = workerData;
const read = createFileReader();
const results: string[] = [];
for (let count = 0; count < times; count += 1) {
  const reading = read(file);
  if (reading === 'gone') results.push(reading);
  else results.push('code' in reading ? reading.code : reading.digest);
}
parentPort?.postMessage(results, []);
