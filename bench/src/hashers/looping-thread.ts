/**
 * Reads a tree again and again as the library's thread does while a service runs: after a first scan for which the
 * application waits, with little priority, but without the pauses. This is the worst that it could do to its process.
 */
import { constants, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { createFileIndex } from './engine.js';

const root: string = workerData;
const fileIndex = createFileIndex({ root, exclude: [] });
fileIndex.scan();
parentPort?.postMessage('scanned', []);
if (process.platform === 'linux') setPriority(0, constants.priority.PRIORITY_BELOW_NORMAL);
for (;;) fileIndex.reread(1_000);
