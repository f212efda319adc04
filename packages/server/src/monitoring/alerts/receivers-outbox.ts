/**
 * Writes each alert for every receiver, together with its incident, and sends it to each.
 */
import { randomUUID } from 'node:crypto';
import type { Log } from '../../infra/log.js';
import { createAlertSender, type AlertSender, type Outbox } from './alert-sender.js';
import type { Incident } from './incident-detector.js';
import { bodyFor, type Alert } from './message.js';
import type { Receiver } from './receivers.js';

export interface NewAlertMessage {
  readonly receiver: string;
  readonly message: string;
  readonly body: string;
}

export interface AlertStore extends Outbox {
  /** Deletes messages for other receivers than these. @returns the open incident */
  open(receiverKeys: readonly string[]): Promise<Incident | undefined>;
  /** Writes the messages and the incident (`null`: none is open), all or nothing. */
  enqueue(messages: readonly NewAlertMessage[], incident?: Incident | null): Promise<void>;
}

export interface ReceiversOutbox {
  /** Begins to send what was left. Resolves with `undefined` when nothing can be sent: without a receiver, or a store. */
  readonly open: () => Promise<{ readonly incident: Incident | undefined } | undefined>;
  /** @param incident - as it is from now on; `null`: none is open; `undefined`: as it was */
  readonly enqueue: (alert: Alert, incident?: Incident | null) => void;
  /** Since when the oldest message waits that a receiver refuses, in milliseconds since 1970. */
  readonly stuckSince: () => number | undefined;
  readonly close: () => Promise<void>;
}

export interface ReceiversOutboxOptions {
  readonly receivers: readonly Receiver[];
  readonly store: AlertStore;
  readonly log: Log;
  readonly onGivenUp: (receiverName: string, cause: string) => void;
}

export function createReceiversOutbox({
  receivers,
  store,
  log,
  onGivenUp,
}: ReceiversOutboxOptions): ReceiversOutbox {
  const senders: AlertSender[] = [];

  return {
    async open() {
      if (receivers.length === 0) return undefined;
      try {
        const incident = await store.open(receivers.map(({ key }) => key));
        for (const receiver of receivers) {
          senders.push(createAlertSender({ receiver, outbox: store, log, onGivenUp }));
        }
        return { incident };
      } catch (error) {
        log.bug('alerts could not be started', error);
        return undefined;
      }
    },
    enqueue(alert, incident) {
      const message = randomUUID();
      const messages = receivers.map(({ key, type }) => ({
        receiver: key,
        message,
        body: bodyFor(type, alert),
      }));
      store.enqueue(messages, incident).then(
        () => {
          for (const sender of senders) sender.wake();
        },
        (error: unknown) => log.bug('an alert could not be put into the outbox', error, { type: alert.type }),
      );
    },
    stuckSince() {
      const times = senders.map((sender) => sender.stuckSince()).filter((time) => time !== undefined);
      return times.length === 0 ? undefined : Math.min(...times);
    },
    async close() {
      await Promise.all(senders.map((sender) => sender.close()));
    },
  };
}
