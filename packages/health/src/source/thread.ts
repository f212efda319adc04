/**
 * The hashing thread. Everything in it is synchronous, which is why it has a thread: the application's event loop
 * is as late by a whole tree as this one is.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { createInventory } from './inventory.js';
import type { Question, Reply, ThreadData } from './messages.js';
import { SourceError, systemCode } from './refusal.js';

const data: ThreadData = workerData;
const inventory = createInventory(data.scope);

parentPort?.on('message', ({ id }: Question) => {
  parentPort?.postMessage(answer(id), []);
});

function answer(id: number): Reply {
  try {
    return { id, survey: inventory.survey() };
  } catch (error) {
    if (error instanceof SourceError) return { id, refusals: error.refusals };
    return { id, refusals: [{ code: 'E_READ', path: '.', cause: systemCode(error) }] };
  }
}
