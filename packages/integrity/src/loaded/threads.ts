/** How many threads of this process run JavaScript. */
import type { Worker } from 'node:worker_threads';

/**
 * Those that this thread has started since, until they end; and as many as were started before, of which nobody tells whether
 * they have ended. Not by the inspector (`NodeWorker.enable`), which tells each to JavaScript in the middle of its list: where a
 * thread ended at that moment, Node 20 ended by SIGSEGV.
 */
export function countThreads() {
  const running = new Set<Worker>();
  let before: number | undefined;
  const started = (worker: Worker): void => {
    // Ids are given from 1 on, in all threads of the process together.
    before ??= worker.threadId - 1;
    running.add(worker);
    worker.once('exit', () => running.delete(worker));
  };
  process.on('worker', started);
  return {
    workers: () => (before ?? 0) + running.size,
    close: () => void process.off('worker', started),
  };
}
