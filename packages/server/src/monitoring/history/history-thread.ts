/**
 * The history thread. SQLite's calls return when the disk has answered, and a disk can take its time: on the
 * application's own thread every answer would wait for it.
 */
import { dirname } from 'node:path';
import { workerData } from 'node:worker_threads';
import { openDataFolder } from 'portal-dev-servers/data-folder';
import { serveRpc } from 'portal-shared/rpc-thread';
import { isDamage, openFile, setAside, sqliteCode, type FileTrouble, type OpenFile } from './file.js';
import { createHistoryStore, type HistoryStore } from './history-store.js';
import type { HistoryWorkerData } from './history-worker.js';

const { path }: HistoryWorkerData = workerData;

const folderError = await openDataFolder(dirname(path)).then(
  () => undefined,
  (error: unknown) => (error instanceof Error ? (error.cause ?? error) : error),
);
const rpc = serveRpc<HistoryStore, FileTrouble>({
  methods: () => store,
  codeOf: sqliteCode,
  recover: replaceDamaged,
  onReplied(method) {
    if (method !== 'endRun') return;
    file.database.close();
    rpc.close();
  },
});
let file = open();
let store = createHistoryStore(file.database);

function open(): OpenFile {
  const opened = openFile(path, folderError);
  for (const trouble of opened.troubles) rpc.emit(trouble);
  return opened;
}

/** A file that turns out to be damaged while it is used is set aside like one that was so from the start. */
function replaceDamaged(error: unknown): boolean {
  if (!isDamage(error)) return false;
  file.database.close();
  // Before the next is opened: the driver keeps the old one locked until its statements are garbage-collected.
  const keptAs = setAside(path);
  file = open();
  rpc.emit({ type: 'damaged', keptAs });
  store = createHistoryStore(file.database);
  return true;
}
