/**
 * Alerts to receivers of messages: one when an incident begins, one when it becomes worse, one when its reason is known only
 * later, one when it ends, and one for each change of the source.
 * Before anything is sent, message and incident are written to the outbox in one transaction. So a kill at any moment
 * neither loses an alert nor makes two of one.
 */
import { hostname } from 'node:os';
import type { Reason } from 'portal-health';
import type { SourceEvent } from 'portal-integrity';
import type { Log } from '../../infra/log.js';
import { incidentId, messageId, type Incident, type IncidentNotice } from '../incidents/incident.js';
import { createAlertSender, type Outbox } from './alert-sender.js';
import { bodyFor, type Alert, type AlertType } from './message.js';
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
  /** Since when the oldest message waits that a receiver refuses, in milliseconds since 1970. */
  stuckSince(): number | undefined;
  close(): Promise<void>;
}

export interface AlertMessages {
  readonly messages: readonly NewMessage[];
  readonly isExplained: boolean;
}

export interface AlertsOptions {
  readonly receivers: readonly Receiver[];
  readonly store: AlertStore;
  readonly log: Log;
  readonly onGivenUp: (receiverName: string, cause: string) => void;
  readonly onAttempt: (receiverName: string, result: 'accepted' | 'refused' | 'given_up') => void;
  /** Why this service is unwell, as it is known now. */
  readonly reasons: () => readonly Reason[];
  readonly sentenceOf: (code: string) => string;
  /** Where an incident can be read; `null`: nowhere that is known. */
  readonly linkOf: (incident: string) => string | null;
}

/** More would be no message that anybody reads at night. */
const MOST_REASONS = 3;
/** What nothing ends, PagerDuty would keep open. */
const ENDLESS = new Set<AlertType>(['integrity.changed', 'alert.test']);

/** Does nothing without a receiver. */
export function createAlerts(options: AlertsOptions): Alerts {
  const { receivers, store, log, reasons, sentenceOf, linkOf } = options;
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

  /** Those of causes that hold, where it is this service that is unwell. */
  function why({ kind, instances }: Incident, codes: readonly string[]): Alert['reasons'] {
    const isOwn = kind === 'health' && instances.length === 1 && instances[0]?.instance === hostname();
    if (!isOwn) return [];
    return reasons()
      .filter(({ explains }) => explains !== null && codes.includes(explains))
      .slice(0, MOST_REASONS)
      .map(({ code, explains, sentence, next }) => ({ code, explains, sentence, next }));
  }

  function alertOf(type: AlertType, incident: Incident): Alert {
    const { id, key, kind, fleet, service, sharedLabel: shared, services, instances, severity } = incident;
    const isOver = incident.endedAt !== null;
    const held = incident.causes.filter(({ endedAt }) => endedAt === null).map(({ code }) => code);
    const codes = [...new Set(held)];
    return {
      ...blank(type, { id, key, fleet, beganAt: incident.beganAt }),
      kind,
      service,
      shared,
      services,
      instances,
      codes,
      errors: codes.map(sentenceOf),
      reasons: isOver ? [] : why(incident, codes),
      status: isOver ? 'healthy' : severity === 'critical' ? 'unhealthy' : 'degraded',
      until: incident.endedAt === null ? null : new Date(incident.endedAt).toISOString(),
      link: linkOf(id),
    };
  }

  return {
    start() {
      if (receivers.length > 0) void open();
    },
    messagesOf({ type, incident }) {
      const alert = alertOf(`incident.${type}`, incident);
      return { messages: messagesFor(alert, type), isExplained: alert.reasons.length > 0 };
    },
    explanationOf(incident) {
      const alert = alertOf('incident.explained', incident);
      const isExplained = alert.reasons.length > 0;
      return { messages: isExplained ? messagesFor(alert, 'explained') : [], isExplained };
    },
    wake,
    sourceChanged({ kind, began_at, added, removed, modified }, fleet) {
      // For a script in memory, the incident that its code begins is the alert. A change that continues is reported again.
      if (kind !== 'changed' || !isReady || began_at === lastChange) return;
      lastChange = began_at;
      const beganAt = Date.parse(began_at);
      const key = `source of ${hostname()}`;
      const alert: Alert = {
        ...blank('integrity.changed', { id: incidentId(key, beganAt), key, fleet, beganAt }),
        status: 'degraded',
        codes: ['SOURCE_DRIFTED'],
        errors: [sentenceOf('SOURCE_DRIFTED')],
        files: { added, removed, modified },
      };
      store
        .enqueue(messagesFor(alert, 'changed'))
        .then(wake, (error: unknown) => log.bug('an alert could not be put into the outbox', error));
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

/** To try whether alerts arrive. */
export function testAlert(): Alert {
  const beganAt = Date.now();
  const key = `test of ${hostname()}`;
  return blank('alert.test', { id: incidentId(key, beganAt), key, fleet: 'default', beganAt });
}

interface About {
  readonly id: string;
  readonly key: string;
  readonly fleet: string;
  readonly beganAt: number;
}

function blank(type: AlertType, { id, key, fleet, beganAt }: About): Alert {
  return {
    type,
    incident: id,
    key,
    kind: null,
    fleet,
    service: null,
    shared: null,
    services: [],
    instances: [],
    since: new Date(beganAt).toISOString(),
    status: 'healthy',
    until: null,
    codes: [],
    errors: [],
    reasons: [],
    instance: hostname(),
    link: null,
    files: null,
  };
}
