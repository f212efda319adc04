/**
 * The application's side of the post: a thread that sends messages, because to connect, to encrypt and to sign takes time,
 * and on the application's own thread every answer would wait for it and tell of it.
 */
import { Worker } from 'node:worker_threads';
import type { Log } from '../../infra/log.js';
import { WebhookError, type WebhookOptions } from '../../infra/webhook.js';

/** Something to send. */
export interface OutgoingMessage {
  /** Names it to the receiver; the same in every attempt. */
  readonly id: string;
  /** Whose it is: those of one name wait for one another, and not for those of others. */
  readonly to: string;
  /** Whether it is sent at all; the thread is handed the others too, so that handing over costs the same. */
  readonly isForSomebody: boolean;
  readonly body: string;
}

/** A letter that was not accepted in spite of every attempt. */
export interface FailedMessage {
  readonly cause: string;
}

/** A letter as the thread gets it, with what it is signed with at this moment: that may be read anew from a file. */
export interface SignedMessage extends OutgoingMessage {
  readonly secret: string | undefined;
}

/** Where letters go. */
export interface WebhookWorkerData {
  readonly url: string;
  readonly isSigned: boolean;
}

/** A running thread. */
export interface WebhookWorker {
  send(letter: OutgoingMessage): void;
  /** Gives up what is under way. */
  close(): Promise<void>;
}

/** What the thread is told, and who hears of what was lost. */
export interface WebhookWorkerOptions {
  readonly url: string;
  readonly secret: WebhookOptions['secret'];
  readonly log: Log;
}

/** Whatever has ended the thread may still be there. */
const RESTART_MS = 1_000;

/** Starts the thread. It never keeps the process from ending. */
export function startWebhookWorker({ url, secret, log }: WebhookWorkerOptions): WebhookWorker {
  let isClosed = false;
  let worker: Worker | undefined = start();

  function start(): Worker {
    const started = new Worker(new URL('./webhook-thread.js', import.meta.url), {
      workerData: { url, isSigned: secret !== undefined } satisfies WebhookWorkerData,
      name: 'portal post',
      // Nothing of the application belongs into this thread: no loader, no preloaded module, no environment.
      execArgv: [],
      env: {},
      resourceLimits: { maxYoungGenerationSizeMb: 8 },
    });
    started.unref();
    started.on('message', ({ cause }: FailedMessage) => {
      log.failure('a one-time code could not be delivered', new WebhookError(cause));
    });
    started.on('error', (error) => log.bug('the thread that delivers codes has ended', error));
    started.on('exit', () => {
      worker = undefined;
      setTimeout(() => {
        if (!isClosed) worker = start();
      }, RESTART_MS).unref();
    });
    return started;
  }

  return {
    send(letter) {
      const current = typeof secret === 'function' ? secret() : secret;
      worker?.postMessage({ ...letter, secret: current } satisfies SignedMessage, []);
    },
    async close() {
      isClosed = true;
      await worker?.terminate();
    },
  };
}
