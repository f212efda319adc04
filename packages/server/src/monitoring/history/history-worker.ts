/**
 * The application's side of the history thread. Another thread is started when one has ended by itself.
 */
import { startRpcWorker, type RpcWorker } from 'portal-shared/rpc-thread';
import type { FileTrouble } from '../../infra/sqlite/sqlite-file.js';
import type { HistoryStore } from './history-store.js';

/** A running thread. A call fails with the code of SQLite, or with `THREAD_ENDED`. */
export type HistoryWorker = RpcWorker<HistoryStore>;

/** What the thread is started with. */
export interface HistoryWorkerData {
  /** Of the file. */
  readonly path: string;
}

export interface HistoryWorkerOptions extends HistoryWorkerData {
  readonly onTrouble: (trouble: FileTrouble) => void;
  /** The thread has ended by itself; another one is started. */
  readonly onEnd: (error: unknown) => void;
}

/** What has ended the thread may still be there. */
const RESTART_MS = 1_000;

/** Starts a thread. It never keeps the process from ending. */
export function startHistoryWorker({ path, onTrouble, onEnd }: HistoryWorkerOptions): HistoryWorker {
  return startRpcWorker<HistoryStore, FileTrouble>({
    entry: new URL('./history-thread.js', import.meta.url),
    name: 'portal history',
    workerData: { path } satisfies HistoryWorkerData,
    maxYoungGenerationSizeMb: 8,
    onEvent: onTrouble,
    onEnd,
    restartMs: RESTART_MS,
  });
}
