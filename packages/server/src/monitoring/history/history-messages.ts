/**
 * What application and history thread say to each other.
 */
import type { FileTrouble } from './file.js';
import type { HistoryTaskName } from './history-store.js';

/** What the thread is started with. */
export interface HistoryWorkerData {
  /** Of the file. */
  readonly path: string;
}

/** Something to do. */
export interface HistoryRequest {
  readonly id: number;
  readonly name: HistoryTaskName;
  readonly args: readonly unknown[];
}

/** What came of it, why nothing did, or what is the matter with the file. */
export type HistoryReply =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly cause: string }
  | { readonly trouble: FileTrouble };
