/**
 * The application's side of the hashing thread: asks, waits, and holds the process only while it waits.
 */
import { Worker } from 'node:worker_threads';
import type { Survey } from './inventory.js';
import type { Question, Reply, ThreadData } from './messages.js';
import { SourceError } from './refusal.js';
import type { Scope } from './scope.js';

/** A running hashing thread. */
export interface SourceWorker {
  /**
   * What the tree is now; reads only what moved since the last time.
   *
   * Rejects with a SourceError.
   */
  survey(): Promise<Survey>;
  /** Ends the thread, also in the middle of its work. */
  close(): Promise<void>;
}

export function startSourceWorker(scope: Scope): SourceWorker {
  const workerData: ThreadData = { scope };
  const worker = new Worker(new URL('./thread.js', import.meta.url), {
    workerData,
    name: 'portal-health source',
    // Nothing of the application belongs into this thread: no loader, no preloaded module, no secret.
    execArgv: [],
    env: {},
  });
  worker.unref();
  const waiting = new Map<number, (reply: Reply) => void>();
  let asked = 0;
  let ended = false;

  worker.on('message', (reply: Reply) => {
    waiting.get(reply.id)?.(reply);
    waiting.delete(reply.id);
    if (waiting.size === 0) worker.unref();
  });
  // An error ends the thread; who waits learns of it by the exit, which comes in every case.
  worker.on('error', () => undefined);
  worker.on('exit', () => {
    ended = true;
    for (const [id, reply] of waiting) reply(endedReply(id));
    waiting.clear();
  });

  function ask(what: Question['what']): Promise<Reply> {
    asked += 1;
    const id = asked;
    if (ended) return Promise.resolve(endedReply(id));
    return new Promise((resolve) => {
      waiting.set(id, resolve);
      worker.ref();
      const question: Question = { id, what };
      worker.postMessage(question, []);
    });
  }

  return {
    async survey() {
      const reply = await ask('survey');
      if ('refusals' in reply) throw new SourceError(reply.refusals);
      return reply.survey;
    },
    async close() {
      await worker.terminate();
    },
  };
}

function endedReply(id: number): Reply {
  return { id, refusals: [{ code: 'E_READ', path: '.', cause: 'ERR_WORKER_ENDED' }] };
}
