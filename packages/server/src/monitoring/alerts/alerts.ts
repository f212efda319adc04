/**
 * Alerts to receivers of messages: one when an incident begins, one when it becomes worse, one when its reason is known only
 * later, one when it ends, and one for each change of the source.
 * Before anything is sent, message and incident are written to the outbox in one transaction. So a kill at any moment
 * neither loses an alert nor makes two of one.
 */
import type { SourceEvent } from 'portal-integrity';
import { withTimeout } from 'portal-shared/with-timeout';
import type { Log } from '../../infra/log.js';
import { messageId, type Incident, type IncidentNotice } from '../incidents/incident.js';
import { createAlertSender, type Outbox } from './alert-sender.js';
import { alertOfIncident, alertOfSource, testAlert, type AlertWords } from './describe-alert.js';
import { bodyFor, type Alert, type AlertType } from './message.js';
import type { NotificationResult } from './notification-counts.js';
import type { NewMessage } from './outbox-store.js';
import type { Receiver } from './receivers.js';

export interface AlertStore extends Outbox {
  /** Takes over what waits from before, and deletes messages for other receivers than these. */
  open(receiverKeys: readonly string[]): Promise<void>;
  enqueue(messages: readonly NewMessage[]): Promise<void>;
}

export interface Alerts {
  start(): void;
  /** What is to be enqueued, and whether it says why. */
  messagesOf(notice: IncidentNotice): AlertMessages;
  /** The same once the reason of an incident is known that was announced without. */
  explanationOf(incident: Incident): AlertMessages;
  /** To be called once messages are in the outbox. */
  wake(): void;
  sourceChanged(event: SourceEvent, fleet: string): void;
  /**
   * Puts a test for each receiver into the outbox.
   *
   * @returns their names; it waits in the outbox, or for the disk
   */
  test(fleet: string): Promise<readonly string[]>;
  /** Since when the oldest message waits that a receiver refuses, in milliseconds since 1970. */
  stuckSince(): number | undefined;
  close(): Promise<void>;
}

export interface AlertMessages {
  readonly messages: readonly NewMessage[];
  readonly isExplained: boolean;
}

export interface AlertsOptions extends AlertWords {
  readonly receivers: readonly Receiver[];
  readonly store: AlertStore;
  readonly log: Log;
  readonly onGivenUp: (receiverName: string, cause: string) => void;
  readonly onAttempt: (receiverName: string, result: NotificationResult, cause?: string) => void;
}

/** What nothing ends, PagerDuty would keep open; a test is what somebody asked for. */
const ENDLESS = new Set<AlertType>(['integrity.changed']);
/** For a disk that does not answer. */
const PATIENCE_MS = 2_000;

/** Does nothing without a receiver. */
export function createAlerts(options: AlertsOptions): Alerts {
  const { receivers, store, log } = options;
  const senders: ReturnType<typeof createAlertSender>[] = [];
  /** Begin of the latest change of the source for which there is an alert. */
  let lastChange = '';
  let isReady = false;

  async function open(): Promise<void> {
    try {
      await store.open(receivers.map(({ key }) => key));
      senders.push(
        ...receivers.map((receiver) => createAlertSender({ ...options, receiver, outbox: store })),
      );
      isReady = true;
    } catch (error) {
      log.bug('alerts could not be started', error);
    }
  }

  function messagesFor(alert: Alert, transition: string): readonly NewMessage[] {
    return receivers
      .filter(({ type }) => type !== 'pagerduty' || !ENDLESS.has(alert.type))
      .map(({ key, name, type, routingKey }) => ({
        receiver: key,
        receiverName: name,
        message: messageId(alert.incident, transition),
        body: bodyFor(type, alert, routingKey),
        incident: alert.incident,
        transition,
      }));
  }

  function wake(): void {
    for (const sender of senders) sender.wake();
  }

  return {
    start() {
      if (receivers.length > 0) void open();
    },
    messagesOf({ type, incident }) {
      const alert = alertOfIncident(`incident.${type}`, incident, options);
      return { messages: messagesFor(alert, type), isExplained: alert.reasons.length > 0 };
    },
    explanationOf(incident) {
      const alert = alertOfIncident('incident.explained', incident, options);
      const isExplained = alert.reasons.length > 0;
      return { messages: isExplained ? messagesFor(alert, 'explained') : [], isExplained };
    },
    wake,
    sourceChanged(event, fleet) {
      const { kind, began_at: beganAt } = event;
      // For a script in memory, the incident that its code begins is the alert. A change that continues is reported again.
      if (kind !== 'changed' || !isReady || beganAt === lastChange) return;
      lastChange = beganAt;
      const alert = alertOfSource(event, fleet, options);
      store
        .enqueue(messagesFor(alert, 'changed'))
        .then(wake, (error: unknown) => log.bug('an alert could not be put into the outbox', error));
    },
    async test(fleet) {
      const kept = store.enqueue(messagesFor(testAlert(fleet), 'test'));
      kept.then(wake, (error: unknown) => log.bug('a test could not be put into the outbox', error));
      await withTimeout(kept, PATIENCE_MS).catch(() => undefined);
      return receivers.map(({ name }) => name);
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
