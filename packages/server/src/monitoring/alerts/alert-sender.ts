/**
 * Sends alerts from the outbox to one receiver, one after the other, each until the receiver accepts it. If the process is
 * killed after that and before the message is acknowledged, it is sent again with the same id.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode } from 'portal-shared/error-code';
import type { Log } from '../../infra/log.js';
import { retry } from '../../infra/retry.js';
import { refusalText, WebhookError } from '../../infra/webhook.js';
import type { NotificationResult } from './notification-counts.js';
import type { Receiver } from './receivers.js';

export interface PendingMessage {
  readonly id: number;
  /** Id for the receiver, the same in every attempt. */
  readonly message: string;
  readonly body: string;
  /** Milliseconds since 1970. */
  readonly created_at: number;
}

export interface Outbox {
  /** The oldest message for a receiver. */
  peek(receiverKey: string): Promise<PendingMessage | undefined>;
  acknowledge(id: number, state: 'accepted' | 'given_up'): Promise<void>;
}

export interface AlertSenderOptions {
  readonly receiver: Receiver;
  readonly outbox: Outbox;
  readonly log: Log;
  /** Called for a message that was not accepted for a day. */
  readonly onGivenUp: (receiverName: string, cause: string) => void;
  readonly onAttempt: (receiverName: string, result: NotificationResult, cause?: string) => void;
  /** Milliseconds before the second attempt; doubled each time. Default 1,000. */
  readonly firstPauseMs?: number;
}

export interface AlertSender {
  /** To be called when the outbox has a new message. */
  wake(): void;
  /** Since when the oldest message waits that was refused, or the outbox cannot be used, in milliseconds since 1970. */
  stuckSince(): number | undefined;
  /** Aborts the attempt under way. Messages stay in the outbox. */
  close(): Promise<void>;
}

/** A receiver that is back gets its messages within a minute. */
const MAX_PAUSE_MS = 60_000;
/** Of `Retry-After`. */
const MAX_RETRY_AFTER_MS = 15 * 60_000;
/** Yesterday's alerts help no operator, and today's wait behind them. */
const GIVE_UP_MS = 24 * 60 * 60_000;

export function createAlertSender({
  receiver,
  outbox,
  log,
  onGivenUp,
  onAttempt,
  firstPauseMs = 1_000,
}: AlertSenderOptions): AlertSender {
  const closed = new AbortController();
  const news = createSignal();
  let stuckSince: number | undefined;

  async function sendAll(): Promise<void> {
    while (!closed.signal.aborted) {
      try {
        await sendNext();
      } catch (error) {
        if (closed.signal.aborted) return;
        stuckSince ??= Date.now();
        log.failure('the outbox cannot be used and is tried again', error, { receiver: receiver.name });
        await pause(MAX_PAUSE_MS);
      }
    }
  }

  async function sendNext(): Promise<void> {
    news.clear();
    const next = await outbox.peek(receiver.key);
    stuckSince = undefined;
    if (closed.signal.aborted) return;
    if (next) await send(next);
    else await news.raised();
  }

  /** Until `close()` at the latest. */
  async function pause(forMs: number): Promise<void> {
    await sleep(forMs, undefined, { signal: closed.signal, ref: false }).catch(() => undefined);
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
            stuckSince ??= createdAt;
            onAttempt(receiver.name, 'refused', refusalText(error));
            if (failures === 1) {
              log.failure('an alert was not accepted and is tried again', error, about(message));
            }
            return Date.now() - createdAt > GIVE_UP_MS
              ? undefined
              : pauseAfter(error, failures, firstPauseMs);
          },
        },
      );
    } catch (error) {
      if (closed.signal.aborted) return;
      log.error('an alert was given up', { ...about(message), cause: errorCode(error) });
      onGivenUp(receiver.name, errorCode(error));
      onAttempt(receiver.name, 'given_up', refusalText(error));
      await outbox.acknowledge(id, 'given_up');
      await pause(MAX_PAUSE_MS);
      return;
    }
    onAttempt(receiver.name, 'accepted');
    await outbox.acknowledge(id, 'accepted');
    log.info('an alert was accepted', { ...about(message), attempts });
  }

  function about(message: string): { readonly receiver: string; readonly message: string } {
    return { receiver: receiver.name, message };
  }

  const done = sendAll();

  return {
    wake: () => news.raise(),
    stuckSince: () => stuckSince,
    async close() {
      closed.abort();
      receiver.webhook.close();
      news.raise();
      await done;
    },
  };
}

/** Wakes the one that waits for it; raised before, it is not missed. */
function createSignal() {
  let isRaised = false;
  let wakeUp = (): void => undefined;
  return {
    raise(): void {
      isRaised = true;
      wakeUp();
    },
    clear(): void {
      isRaised = false;
    },
    async raised(): Promise<void> {
      if (isRaised) return;
      await new Promise<void>((resolve) => {
        wakeUp = resolve;
      });
    },
  };
}

/** Doubled with every failure, or as long as the receiver asks for. */
function pauseAfter(error: unknown, failures: number, firstPauseMs: number): number {
  const retryAfterMs = error instanceof WebhookError ? (error.retryAfterMs ?? 0) : 0;
  const pauseMs = Math.min(MAX_PAUSE_MS, firstPauseMs * 2 ** Math.min(failures - 1, 20));
  return Math.max(pauseMs, Math.min(retryAfterMs, MAX_RETRY_AFTER_MS));
}
