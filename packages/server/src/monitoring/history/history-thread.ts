/**
 * The history thread. SQLite's calls return when the disk has answered, and a disk can take its time: on the
 * application's own thread every answer would wait for it.
 */
import { dirname } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { openDataFolder } from 'portal-dev-servers/data-folder';
import { isDamage, openFile, setAside, sqliteCode, type OpenFile } from './file.js';
import { createHistoryStore, type HistoryStore } from './history-store.js';
import type { HistoryReply, HistoryRequest, HistoryWorkerData } from './history-messages.js';

const { path }: HistoryWorkerData = workerData;

const folderError = await openDataFolder(dirname(path)).then(
  () => undefined,
  (error: unknown) => (error instanceof Error ? (error.cause ?? error) : error),
);
let file = open();
let store = createHistoryStore(file.database);

parentPort?.on('message', ({ id, name, args }: HistoryRequest) => {
  try {
    post({ id, result: perform(name, args) });
  } catch (error) {
    post({ id, cause: sqliteCode(error) });
  }
  if (name === 'endRun') {
    file.database.close();
    parentPort?.close();
  }
});

function open(): OpenFile {
  const opened = openFile(path, folderError);
  for (const trouble of opened.troubles) post({ trouble });
  return opened;
}

/** A file that turns out to be damaged while it is used is set aside like one that was so from the start. */
function perform(name: keyof HistoryStore, args: readonly unknown[]): unknown {
  try {
    return call(name, args);
  } catch (error) {
    if (!isDamage(error)) throw error;
    file.database.close();
    // Before the next is opened: the driver keeps the old one locked until its statements are swept up.
    const keptAs = setAside(path);
    file = open();
    post({ trouble: { what: 'damaged', keptAs } });
    store = createHistoryStore(file.database);
    return call(name, args);
  }
}

function call(name: keyof HistoryStore, args: readonly unknown[]): unknown {
  // What was asked is typed where it is asked; between the threads it is only a name and a list.
  const task = store[name] as (...values: readonly unknown[]) => unknown;
  return task(...args);
}

function post(message: HistoryReply): void {
  parentPort?.postMessage(message, []);
}
