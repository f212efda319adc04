/**
 * The history thread.
 */
import { workerData } from 'node:worker_threads';
import { serveFile } from '../../infra/sqlite/file-thread.js';
import { HISTORY_FORMAT } from './file.js';
import { createHistoryStore, type HistoryStore } from './history-store.js';
import type { HistoryWorkerData } from './history-worker.js';

const { path }: HistoryWorkerData = workerData;

await serveFile<HistoryStore>({
  path,
  format: HISTORY_FORMAT,
  createStore: createHistoryStore,
  last: 'endRun',
});
