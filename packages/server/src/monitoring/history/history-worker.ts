/**
 * The application's side of the history thread: asks, waits, and starts another thread when one has ended by itself.
 */
import { Worker } from 'node:worker_threads';
import type { FileTrouble } from './file.js';
import type { HistoryStore, HistoryTaskName } from './history-store.js';
import type { HistoryReply, HistoryRequest, HistoryWorkerData } from './history-messages.js';

/** A running thread. */
export interface HistoryWorker {
  /**
   * Has a task done.
   *
   * @throws HistoryError when it could not be done
   */
  call<Name extends HistoryTaskName>(
    name: Name,
    ...args: Parameters<HistoryStore[Name]>
  ): Promise<ReturnType<HistoryStore[Name]>>;
  /** Ends the thread, also in the middle of its work. */
  close(): Promise<void>;
}

/** What is to be told. */
export interface HistoryWorkerOptions extends HistoryWorkerData {
  readonly onTrouble: (trouble: FileTrouble) => void;
  /** The thread has ended by itself; another one is started. */
  readonly onEnd: (error: unknown) => void;
}

/** A task that was not done: the code of SQLite, or `THREAD_ENDED`. */
export class HistoryError extends Error {
  readonly code: string;

  constructor(code: string) {
    super(`The history could not do what it was asked to (${code}).`);
    this.code = code;
  }
}

interface Waiting {
  readonly done: (result: unknown) => void;
  readonly failed: (error: HistoryError) => void;
}

/** Whatever has ended the thread may still be there. */
const RESTART_MS = 1_000;

/** Starts a thread. It never keeps the process from ending. */
export function startHistoryWorker({ path, onTrouble, onEnd }: HistoryWorkerOptions): HistoryWorker {
  const waiting = new Map<number, Waiting>();
  let asked = 0;
  let closed = false;
  let worker: Worker | undefined = start();

  function start(): Worker {
    let failure: unknown;
    const started = new Worker(new URL('./history-thread.js', import.meta.url), {
      workerData: { path } satisfies HistoryWorkerData,
      name: 'portal history',
      // Nothing of the application belongs into this thread: no loader, no preloaded module, no secret.
      execArgv: [],
      env: {},
      resourceLimits: { maxYoungGenerationSizeMb: 8 },
    });
    started.unref();
    started.on('message', hear);
    started.on('error', (error) => {
      failure = error;
    });
    started.on('exit', () => {
      worker = undefined;
      for (const { failed } of waiting.values()) failed(new HistoryError('THREAD_ENDED'));
      waiting.clear();
      if (closed) return;
      onEnd(failure);
      setTimeout(() => {
        if (!closed) worker = start();
      }, RESTART_MS).unref();
    });
    return started;
  }

  function hear(message: HistoryReply): void {
    if ('trouble' in message) {
      onTrouble(message.trouble);
      return;
    }
    const asker = waiting.get(message.id);
    waiting.delete(message.id);
    if ('cause' in message) asker?.failed(new HistoryError(message.cause));
    else asker?.done(message.result);
  }

  return {
    call(name, ...args) {
      return new Promise((resolve, reject) => {
        if (!worker || closed) {
          reject(new HistoryError('THREAD_ENDED'));
          return;
        }
        asked += 1;
        // The thread gives what the task of that name gives.
        waiting.set(asked, { done: resolve as Waiting['done'], failed: reject });
        worker.postMessage({ id: asked, name, args } satisfies HistoryRequest, []);
      });
    },
    async close() {
      closed = true;
      await worker?.terminate();
    },
  };
}
