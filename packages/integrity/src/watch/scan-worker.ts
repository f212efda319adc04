/**
 * The application's side of the hashing thread: asks, waits, and holds the process only while something waits that
 * must not be lost.
 */
import { Worker } from 'node:worker_threads';
import type { LoadedScript } from '../loaded/loaded.js';
import type { Match } from '../loaded/match.js';
import type {
  ScanReply,
  ScanMessage,
  ScanRequest,
  Reread,
  ScanTask,
  ScanWorkerData,
} from './scan-messages.js';

/** A running hashing thread. Every promise rejects when the thread has ended. */
export interface SourceWorker {
  /** @param settings.hold - keeps the process alive until the answer is there */
  scan(settings: { readonly hold: boolean }): Promise<ScanReply>;
  reread(budgetMs: number): Promise<Reread>;
  match(scripts: readonly LoadedScript[]): Promise<Match>;
  /** Ends the thread, also in the middle of its work. */
  close(): Promise<void>;
}

/** Someone who waits for an answer. */
interface Waiting {
  readonly hold: boolean;
  readonly resolve: (message: ScanMessage) => void;
  readonly ended: (error: Error) => void;
}

export function startSourceWorker(data: ScanWorkerData, onFsEvent: () => void): SourceWorker {
  const worker = new Worker(new URL('./scan-thread.js', import.meta.url), {
    workerData: data,
    name: 'portal-health source',
    // Nothing of the application belongs into this thread: no loader, no preloaded module, no secret.
    execArgv: [],
    env: {},
    // Looking makes much garbage and keeps little: of 20,000 files, 34 MB in all instead of 62, in the same time.
    resourceLimits: { maxYoungGenerationSizeMb: 4 },
  });
  worker.unref();
  const waiting = new Map<number, Waiting>();
  let asked = 0;
  let failure: Error | undefined;
  let ended = false;

  worker.on('message', (message: ScanMessage) => {
    if ('hint' in message) {
      onFsEvent();
      return;
    }
    const asker = waiting.get(message.id);
    waiting.delete(message.id);
    holdWhileNeeded();
    asker?.resolve(message);
  });
  worker.on('error', (error: Error) => {
    failure = error;
  });
  worker.on('exit', () => {
    ended = true;
    for (const asker of waiting.values()) asker.ended(endOf(failure));
    waiting.clear();
  });

  function holdWhileNeeded(): void {
    if ([...waiting.values()].some(({ hold }) => hold)) worker.ref();
    else worker.unref();
  }

  function request(task: ScanTask, hold: boolean): Promise<ScanMessage> {
    if (ended) return Promise.reject(endOf(failure));
    asked += 1;
    const question: ScanRequest = { id: asked, task };
    return new Promise((resolve, reject) => {
      waiting.set(question.id, { hold, resolve: resolve, ended: reject });
      holdWhileNeeded();
      worker.postMessage(question, []);
    });
  }

  return {
    async scan({ hold }) {
      const message = await request({ what: 'look' }, hold);
      if ('look' in message) return message.look;
      throw new Error(OUT_OF_STEP);
    },
    async reread(budgetMs) {
      const message = await request({ what: 'reread', budgetMs }, false);
      if ('reread' in message) return message.reread;
      throw new Error(OUT_OF_STEP);
    },
    async match(scripts) {
      const message = await request({ what: 'match', scripts }, true);
      if ('match' in message) return message.match;
      throw new Error(OUT_OF_STEP);
    },
    async close() {
      await worker.terminate();
    },
  };
}

const OUT_OF_STEP = 'The hashing thread answered another question than it was asked.';

function endOf(failure: Error | undefined): Error {
  return new Error('The hashing thread has ended.', { cause: failure });
}
