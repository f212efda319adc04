/**
 * Hashes a tree without a pause, with the priority of the library's thread: the worst that it could do to its process.
 */
import { constants, setPriority } from 'node:os';
import { workerData } from 'node:worker_threads';
import { engine } from './engine.js';

const root: string = workerData;
if (process.platform === 'linux') setPriority(0, constants.priority.PRIORITY_BELOW_NORMAL);
while (engine.hashTree({ root, exclude: [] }).survey);
