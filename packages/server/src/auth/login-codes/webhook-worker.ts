/**
 * The application's side of a thread that sends messages. Connecting, encrypting and signing take time. On the application's
 * own thread every response would wait for that, and its timing would give away which users exist.
 */
import { startRpcWorker } from 'portal-shared/rpc-thread';
import type { Log } from '../../infra/log.js';
import { WebhookError, type WebhookOptions } from '../../infra/webhook.js';

export interface OutgoingMessage {
  /** Names it to the receiver; the same in every attempt. */
  readonly id: string;
  /** Whose it is: those of one name wait for one another, and not for those of others. */
  readonly to: string;
  /** Whether it is sent at all; the thread is handed the others too, so that handing over costs the same. */
  readonly isForSomebody: boolean;
  readonly body: string;
}

/** A message that no attempt got accepted. */
export interface FailedMessage {
  readonly cause: string;
}

/** With the secret of this moment, which may have been read anew from a file. */
export interface SignedMessage extends OutgoingMessage {
  readonly secret: string | undefined;
}

export interface WebhookWorkerData {
  readonly url: string;
  readonly isSigned: boolean;
}

/** What the thread does when it is called. */
export interface WebhookMethods {
  /** Returns before the message is sent. */
  send(message: SignedMessage): void;
}

export interface WebhookWorker {
  send(message: OutgoingMessage): void;
  /** Gives up what is under way. */
  close(): Promise<void>;
}

export interface WebhookWorkerOptions {
  readonly url: string;
  readonly secret: WebhookOptions['secret'];
  readonly log: Log;
}

/** Whatever has ended the thread may still be there. */
const RESTART_MS = 1_000;

/** Starts the thread. It never keeps the process from ending. */
export function startWebhookWorker({ url, secret, log }: WebhookWorkerOptions): WebhookWorker {
  const worker = startRpcWorker<WebhookMethods, FailedMessage>({
    entry: new URL('./webhook-thread.js', import.meta.url),
    name: 'portal post',
    workerData: { url, isSigned: secret !== undefined } satisfies WebhookWorkerData,
    maxYoungGenerationSizeMb: 8,
    onEvent: ({ cause }) => logLost(new WebhookError(cause)),
    onEnd: (error) => log.bug('the thread that delivers codes has ended', error),
    restartMs: RESTART_MS,
  });

  function logLost(error: unknown): void {
    log.failure('a one-time code could not be delivered', error);
  }

  return {
    send(message) {
      const current = typeof secret === 'function' ? secret() : secret;
      worker.call('send', { ...message, secret: current }).catch((error: unknown) => {
        if (message.isForSomebody) logLost(error);
      });
    },
    close: () => worker.close(),
  };
}
