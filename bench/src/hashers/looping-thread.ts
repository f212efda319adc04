/**
 * Reads a tree again and again as the library's thread does while a service runs, with its priority, but without the
 * pauses: the worst that it could do to its process.
 */
import { constants, setPriority } from 'node:os';
import { workerData } from 'node:worker_threads';
import { engine } from './engine.js';

const root: string = workerData;
if (process.platform === 'linux') setPriority(0, constants.priority.PRIORITY_BELOW_NORMAL);
const inventory = engine.createInventory({ root, exclude: [] });
inventory.survey();
for (;;) inventory.reread(1_000);
