/**
 * Starts a thread from a compiled module, or from its text. A text stays whole whatever bundles the application, while a
 * path to a module that nobody imports is lost.
 */
import { Worker, type WorkerOptions } from 'node:worker_threads';

/** Where a module is, or the text of one in CommonJS. */
export type ThreadEntry = URL | string;

/** Keeps the application out of the thread: no loader, no preloaded module, no environment with its secrets. */
export function startThread(entry: ThreadEntry, options: WorkerOptions): Worker {
  return new Worker(entry, { ...options, execArgv: [], env: {}, eval: typeof entry === 'string' });
}
