/**
 * A thread that serves a file of SQLite. SQLite's calls return when the disk has answered, and a disk can take its time: on
 * the application's own thread every answer would wait for it.
 */
import { dirname } from 'node:path';
import type { Database } from 'libsql';
import { openDataFolder } from 'portal-dev-servers/data-folder';
import { serveRpc, type Methods } from 'portal-shared/rpc-thread';
import {
  isDamage,
  openFile,
  setAside,
  sqliteCode,
  type FileFormat,
  type FileTrouble,
  type OpenFile,
} from './sqlite-file.js';

export interface ServeFileOptions<Store> {
  readonly path: string;
  readonly format: FileFormat;
  /** Every method is synchronous; arguments and results are copied. */
  readonly createStore: (database: Database) => Store;
  /** The file is closed after this method. */
  readonly last: keyof Store;
}

/** To be called in the thread. */
export async function serveFile<Store extends Methods<Store>>({
  path,
  format,
  createStore,
  last,
}: ServeFileOptions<Store>): Promise<void> {
  const folderError = await openDataFolder(dirname(path)).then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? (error.cause ?? error) : error),
  );
  const rpc = serveRpc<Store, FileTrouble>({
    methods: () => store,
    codeOf: sqliteCode,
    recover: replaceDamaged,
    onReplied(method) {
      if (method !== last) return;
      file.database.close();
      rpc.close();
    },
  });
  let file = open();
  let store = createStore(file.database);

  function open(): OpenFile {
    const opened = openFile(path, format, folderError);
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
    store = createStore(file.database);
    return true;
  }
}
