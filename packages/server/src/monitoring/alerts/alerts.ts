/**
 * Tells somebody who is not looking: once when an incident begins, once when it becomes worse, once when it ends, and
 * when the source changes. What is to be told is in the outbox, in one transaction with what is known of the incident,
 * before anything is sent: so a kill at any moment neither loses an alert nor makes two of one.
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { ReportEvent, Status } from 'portal-health';
import type { SourceEvent } from 'portal-integrity';
import type { Log } from '../../infra/log.js';
import { createAlertSender, type Outbox } from './alert-sender.js';
import { createIncidentDetector, type Incident, type IncidentTransition } from './incident-detector.js';
import { bodyFor, type Alert } from './message.js';
import type { Receiver } from './receivers.js';

/** A message for the outbox. */
export interface NewAlertMessage {
  readonly receiver: string;
  readonly message: string;
  readonly body: string;
}

/** The part of the history file that alerts need. */
export interface AlertStore extends Outbox {
  /** The incident that goes on; throws away what waits for receivers other than these. */
  open(receiverKeys: readonly string[]): Promise<Incident | undefined>;
  /** Puts messages into the outbox, and notes the incident (`null`: none goes on), all or nothing. */
  enqueue(messages: readonly NewAlertMessage[], incident?: Incident | null): Promise<void>;
}

/** Alerts. */
export interface Alerts {
  start(): void;
  /** To be called with every report. */
  reported(event: ReportEvent): void;
  sourceChanged(event: SourceEvent): void;
  close(): Promise<void>;
}

/** What they are made of. */
export interface AlertsOptions {
  readonly receivers: readonly Receiver[];
  readonly store: AlertStore;
  /** Looks in a row before a change of the status counts. */
  readonly after: number;
  /** Milliseconds between two looks. */
  readonly intervalMs: number;
  readonly log: Log;
  readonly onGivenUp: (receiverName: string, cause: string) => void;
}

/** Without a receiver nothing is done at all. */
export function createAlerts({
  receivers,
  store: file,
  after,
  intervalMs,
  log,
  onGivenUp,
}: AlertsOptions): Alerts {
  const detector = createIncidentDetector({ after, intervalMs });
  const deliveries: ReturnType<typeof createAlertSender>[] = [];
  let incident: Incident | undefined;
  let status: Status = 'healthy';
  let lastChange = '';
  let ready = false;

  async function open(): Promise<void> {
    try {
      incident = await file.open(receivers.map(({ key }) => key));
      for (const receiver of receivers) {
        deliveries.push(createAlertSender({ receiver, outbox: file, log, onGivenUp }));
      }
      ready = true;
    } catch (error) {
      log.bug('alerts could not be begun', error);
    }
  }

  function put(alert: Alert, next?: Incident | null): void {
    const message = randomUUID();
    const messages = receivers.map(({ key, type: kind }) => ({
      receiver: key,
      message,
      body: bodyFor(kind, alert),
    }));
    file.enqueue(messages, next).then(
      () => {
        for (const delivery of deliveries) delivery.wake();
      },
      (error: unknown) => log.bug('an alert could not be put into the outbox', error, { type: alert.type }),
    );
  }

  function notify(turn: IncidentTransition, codes: readonly string[]): void {
    const since = new Date(turn.since).toISOString();
    const { id = randomUUID() } = incident ?? {};
    if (turn.what === 'ended') {
      const began = incident?.since ?? since;
      incident = undefined;
      put({ ...blank('incident.ended', id, began), status: 'healthy', until: since }, null);
      return;
    }
    incident = { id, status: turn.status, since: incident?.since ?? since };
    put({ ...blank(`incident.${turn.what}`, id, since), status: turn.status, codes }, incident);
  }

  return {
    start() {
      if (receivers.length > 0) void open();
    },
    reported({ report, codes }) {
      ({ status } = report);
      if (!ready) return;
      const turn = detector.detect(status, incident, Date.now());
      if (turn) notify(turn, codes);
    },
    sourceChanged({ began_at, added, removed, modified }) {
      // One that goes on is told of again and again.
      if (!ready || began_at === lastChange) return;
      lastChange = began_at;
      put({
        ...blank('integrity.changed', randomUUID(), new Date(began_at).toISOString()),
        status,
        codes: ['SOURCE_DRIFTED'],
        files: { added, removed, modified },
      });
    },
    async close() {
      await Promise.all(deliveries.map((delivery) => delivery.close()));
    },
  };
}

/** The alert that says that alerts arrive. */
export function testAlert(): Alert {
  return blank('alert.test', randomUUID(), new Date().toISOString());
}

function blank(type: Alert['type'], incident: string, since: string): Alert {
  return {
    type,
    incident,
    since,
    status: 'healthy',
    until: null,
    codes: [],
    instance: hostname(),
    files: null,
  };
}
