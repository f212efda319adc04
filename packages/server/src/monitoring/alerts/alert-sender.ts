/**
 * Takes alerts from the outbox to one receiver: one after the other, each until it was accepted. What was accepted and
 * could not be crossed off any more, because the process was killed in between, is sent again with the same id.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode } from 'portal-shared/error-code';
import type { Log } from '../../infra/log.js';
import { retry } from '../../infra/retry.js';
import { WebhookError } from '../../infra/webhook.js';
import type { Receiver } from './receivers.js';

/** A message that waits. */
export interface PendingMessage {
  readonly id: number;
  /** Names it to the receiver; the same in every attempt. */
  readonly message: string;
  readonly body: string;
  /** Milliseconds since 1970. */
  readonly created_at: number;
}

/** Where messages wait, in order. */
export interface Outbox {
  /** The first for a receiver. */
  peek(receiverKey: string): Promise<PendingMessage | undefined>;
  acknowledge(id: number): Promise<void>;
}

/** What a delivery is made of. */
export interface AlertSenderOptions {
  readonly receiver: Receiver;
  readonly outbox: Outbox;
  readonly log: Log;
  /** Told of a message that nobody wanted for a day. */
  readonly onGivenUp: (receiverName: string, cause: string) => void;
  /** Milliseconds before the second attempt; doubled each time. Default 1,000. */
  readonly firstPauseMs?: number;
}

/** A delivery. */
export interface AlertSender {
  /** There is something new in the outbox. */
  wake(): void;
  /** Gives up the attempt under way; what waits goes on waiting in the outbox. */
  close(): Promise<void>;
}

/** Often enough to be there soon after the receiver is. */
const LONGEST_PAUSE_MS = 60_000;
/** A receiver may ask to be left alone, but not for ever. */
const LONGEST_ASKED_MS = 15 * 60_000;
/** Nobody is helped by yesterday's alerts, and those of today wait behind them. */
const GIVEN_UP_MS = 24 * 60 * 60_000;

/** Begins to deliver. */
export function createAlertSender({
  receiver,
  outbox,
  log,
  onGivenUp,
  firstPauseMs = 1_000,
}: AlertSenderOptions): AlertSender {
  const closed = new AbortController();
  let hasNew = true;
  let wakeUp = (): void => undefined;

  async function deliver(): Promise<void> {
    while (!closed.signal.aborted) {
      try {
        await deliverNext();
      } catch (error) {
        if (closed.signal.aborted) return;
        log.failure('the outbox cannot be used and is tried again', error, { receiver: receiver.name });
        await pause(LONGEST_PAUSE_MS);
      }
    }
  }

  async function deliverNext(): Promise<void> {
    hasNew = false;
    const waiting = await outbox.peek(receiver.key);
    if (closed.signal.aborted) return;
    if (waiting) await send(waiting);
    else if (!hasNew) await somethingNew();
  }

  /** Ends early when everything does. */
  async function pause(forMs: number): Promise<void> {
    await sleep(forMs, undefined, { signal: closed.signal, ref: false }).catch(() => undefined);
  }

  function somethingNew(): Promise<void> {
    return new Promise((resolve) => {
      wakeUp = resolve;
    });
  }

  async function send({ id, message, body, created_at: createdAt }: PendingMessage): Promise<void> {
    let attempts = 0;
    try {
      await retry(
        () => {
          attempts += 1;
          return receiver.webhook.send({ id: message, body });
        },
        {
          signal: closed.signal,
          pauseMs(error, failures) {
            if (failures === 1) {
              log.failure('an alert was not accepted and is tried again', error, about(message));
            }
            return Date.now() - createdAt > GIVEN_UP_MS ? undefined : pauseAfter(error, failures);
          },
        },
      );
    } catch (error) {
      if (closed.signal.aborted) return;
      log.error('an alert was given up', { ...about(message), cause: errorCode(error) });
      onGivenUp(receiver.name, errorCode(error));
      await outbox.acknowledge(id);
      await pause(LONGEST_PAUSE_MS);
      return;
    }
    await outbox.acknowledge(id);
    log.info('an alert was accepted', { ...about(message), attempts });
  }

  function pauseAfter(error: unknown, failures: number): number {
    const askedMs = error instanceof WebhookError ? (error.retryAfterMs ?? 0) : 0;
    const pauseMs = Math.min(LONGEST_PAUSE_MS, firstPauseMs * 2 ** Math.min(failures - 1, 20));
    return Math.max(pauseMs, Math.min(askedMs, LONGEST_ASKED_MS));
  }

  function about(message: string): { readonly receiver: string; readonly message: string } {
    return { receiver: receiver.name, message };
  }

  const done = deliver();

  return {
    wake() {
      hasNew = true;
      wakeUp();
    },
    async close() {
      closed.abort();
      receiver.webhook.close();
      wakeUp();
      await done;
    },
  };
}
