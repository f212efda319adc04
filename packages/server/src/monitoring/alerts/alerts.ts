/**
 * Alerts: one when an incident begins, one when it becomes worse, one when its reason is known only later, one when it ends,
 * and one for each change of the source.
 * Before anything is sent, message and incident are written to the outbox in one transaction. So a kill at any moment
 * neither loses an alert nor makes two of one.
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { ProblemCode, Reason, ReportEvent, Status } from 'portal-health';
import type { SourceEvent } from 'portal-integrity';
import type { Log } from '../../infra/log.js';
import { createIncidentDetector, type Incident, type IncidentTransition } from './incident-detector.js';
import type { Alert } from './message.js';
import type { Receiver } from './receivers.js';
import { createReceiversOutbox, type AlertStore } from './receivers-outbox.js';

export interface Alerts {
  start(): void;
  /** To be called with every report. */
  reported(event: ReportEvent): void;
  sourceChanged(event: SourceEvent): void;
  /** Since when the oldest message waits that a receiver refuses, in milliseconds since 1970. */
  stuckSince(): number | undefined;
  close(): Promise<void>;
}

export interface AlertsOptions {
  readonly receivers: readonly Receiver[];
  readonly store: AlertStore;
  /** Probe runs in a row before a change of the status counts. */
  readonly after: number;
  /** Milliseconds between two probe runs. */
  readonly intervalMs: number;
  readonly log: Log;
  readonly onGivenUp: (receiverName: string, cause: string) => void;
  /** Why it is unwell, as it is known now. */
  readonly reasons: () => readonly Reason[];
}

/** More would be no message that anybody reads at night. */
const MOST_REASONS = 3;

/** Does nothing without a receiver. */
export function createAlerts({
  receivers,
  store,
  after,
  intervalMs,
  log,
  onGivenUp,
  reasons,
}: AlertsOptions): Alerts {
  const detector = createIncidentDetector({ after, intervalMs });
  const outbox = createReceiversOutbox({ receivers, store, log, onGivenUp });
  let incident: Incident | undefined;
  let status: Status = 'healthy';
  /** Begin of the latest one for which there is an alert. */
  let lastChange = '';
  let isReady = false;

  /** Those of causes that hold. */
  function why(codes: readonly ProblemCode[]): Alert['reasons'] {
    return reasons()
      .filter(({ explains }) => explains !== null && codes.includes(explains))
      .slice(0, MOST_REASONS)
      .map(({ code, explains, sentence, next }) => ({ code, explains, sentence, next }));
  }

  /** The reason is often seen some seconds after the incident, whose alert must not wait for it. */
  function explain(current: Incident, codes: readonly ProblemCode[]): void {
    const known = why(codes);
    if (current.isExplained || known.length === 0) return;
    incident = { ...current, isExplained: true };
    const { id, since, status: worst } = current;
    outbox.enqueue(
      { ...blank('incident.explained', id, since), status: worst, codes, reasons: known },
      incident,
    );
  }

  function notify(transition: IncidentTransition, codes: readonly ProblemCode[]): void {
    const since = new Date(transition.since).toISOString();
    const { id = randomUUID() } = incident ?? {};
    if (transition.type === 'ended') {
      const began = incident?.since ?? since;
      incident = undefined;
      outbox.enqueue({ ...blank('incident.ended', id, began), status: 'healthy', until: since }, null);
      return;
    }
    const known = why(codes);
    const isExplained = incident?.isExplained === true || known.length > 0;
    incident = { id, status: transition.status, since: incident?.since ?? since, isExplained };
    const alert = blank(`incident.${transition.type}`, id, since);
    outbox.enqueue({ ...alert, status: transition.status, codes, reasons: known }, incident);
  }

  return {
    start() {
      void outbox.open().then((opened) => {
        incident = opened?.incident;
        isReady = opened !== undefined;
      });
    },
    reported({ report, codes }) {
      ({ status } = report);
      if (!isReady) return;
      const transition = detector.detect(status, incident, Date.now());
      if (transition) notify(transition, codes);
      else if (incident && status !== 'healthy') explain(incident, codes);
    },
    sourceChanged({ kind, began_at, added, removed, modified }) {
      // For a script in memory, the incident that its code begins is the alert.
      if (kind !== 'changed') return;
      // A change that continues is reported again and again.
      if (!isReady || began_at === lastChange) return;
      lastChange = began_at;
      outbox.enqueue({
        ...blank('integrity.changed', randomUUID(), new Date(began_at).toISOString()),
        status,
        codes: ['SOURCE_DRIFTED'],
        files: { added, removed, modified },
      });
    },
    stuckSince: outbox.stuckSince,
    close: outbox.close,
  };
}

/** To try whether alerts arrive. */
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
    reasons: [],
    instance: hostname(),
    files: null,
  };
}
