/**
 * Incidents, and who is told of them: receivers of messages, out of the outbox in the fleet file, and Alertmanagers, but
 * nobody of what is paused.
 */
import { PROBLEMS, type Reason } from 'portal-health';
import type { SourceEvent } from 'portal-integrity';
import { currentAlertSecret, type Config } from '../config/env.js';
import { baseUrlOf, runbookOf } from '../config/url-rules.js';
import type { FleetUpdate, ServiceUpdate } from '../fleet/fleet-update.js';
import type { Log } from '../infra/log.js';
import { readInTime } from '../infra/sqlite/read-in-time.js';
import { createAlertOverview, HEARTBEAT, type AlertOverview } from './alerts/alert-overview.js';
import { createAlertTest, type AlertTestOptions, type SendAlertTest } from './alerts/alert-test.js';
import { createAlertmanagerClient } from './alerts/alertmanager-client.js';
import { createAlertmanagerSilences } from './alerts/alertmanager-silences.js';
import { createAlertmanagers } from './alerts/alertmanagers.js';
import { createAlerts, type AlertStore } from './alerts/alerts.js';
import { createNotificationCounts, type NotificationCount } from './alerts/notification-counts.js';
import { createReceivers } from './alerts/receivers.js';
import type { FleetHistory } from './fleet/fleet-history.js';
import type { NewEvent } from './history/event-store.js';
import type { History } from './history/history.js';
import type { GenerationStore } from './incidents/generations.js';
import { createIncidents, type Incidents, type OldIncident } from './incidents/incidents.js';
import type { PauseStore } from './pauses/pause-store.js';
import { createPauses, type Pauses } from './pauses/pauses.js';

export interface AlertingOptions {
  readonly config: Config;
  readonly log: Log;
  readonly history: History;
  readonly fleetHistory: FleetHistory;
  /** What all watchers of the fleet have in common. */
  readonly generations: GenerationStore;
  readonly pauseStore: PauseStore;
  readonly database: AlertTestOptions['database'];
  /** Whether the database is known not to answer. */
  readonly isDatabaseAway: () => boolean;
  /** Of codes that have no entry in the catalogue of the library. */
  readonly sentences: Readonly<Record<string, { readonly sentence: string }>>;
  /** Why this service is unwell, as it is known now. */
  readonly reasons: () => readonly Reason[];
}

export interface Alerting {
  readonly incidents: Incidents;
  readonly pauses: Pauses;
  readonly alertOverview: AlertOverview;
  readonly sendAlertTest: SendAlertTest;
  start(): void;
  /** @param own - this service as incidents go by it, where it is none of the fleet file */
  fleetUpdated(update: FleetUpdate, own: ServiceUpdate | undefined): void;
  sourceChanged(event: SourceEvent): void;
  /** A heartbeat was accepted, or was not, or was withheld. */
  readonly heartbeatTried: (result: 'accepted' | 'refused', cause?: string) => void;
  notifications(): readonly NotificationCount[];
  /** Since when the oldest message waits, milliseconds since 1970; `null`: none, or it cannot be read. */
  oldestMessageAt(): Promise<number | null>;
  /** Whether alerts have not left for longer than a receiver that is back takes. */
  isStuck(): boolean;
  close(): Promise<void>;
}

/** A receiver that is back has its messages by then. */
const STUCK_MS = 5 * 60_000;

export function createAlerting(options: AlertingOptions): Alerting {
  const { config, log, history, fleetHistory, generations, sentences, reasons } = options;
  let fleetName = 'default';
  let moving: Promise<OldIncident | undefined> | undefined;
  /** Moves what waits in the outbox of an earlier version, once. @returns its open incident */
  const oldIncident = (): Promise<OldIncident | undefined> => (moving ??= moveOutbox(history, fleetHistory));
  const counts = createNotificationCounts();
  /** Apart: it is no notification. */
  const heartbeats = createNotificationCounts();
  const all: AlertingOptions['sentences'] = { ...sentences, ...PROBLEMS };
  const receivers = createReceivers(config.alertWebhooks ?? [], currentAlertSecret(config));
  const notified = {
    log,
    sentenceOf(code: string) {
      const { sentence } = all[code] ?? {};
      return sentence === undefined ? code : `${sentence} (${code})`;
    },
    linkOf: linkIn(config),
    runbookOf: runbookIn(config),
    onAttempt: counts.add,
  };
  const alerts = createAlerts({
    ...notified,
    receivers,
    store: alertStore(fleetHistory, oldIncident),
    reasons,
    onGivenUp: (receiver, cause) => void history.record('addEvent', givenUpEvent(receiver, cause)),
  });
  const { alertmanagers: urls = [], alertmanagerTokenFile: tokenFile } = config;
  const alertmanagers = createAlertmanagers({ ...notified, urls, tokenFile });

  const { pauses, silences } = createPausing(options, () => fleetName);
  const incidents = createIncidents({
    history: fleetHistory,
    generations,
    alerts,
    alertmanagers,
    pauses,
    oldIncident,
    log,
  });

  return {
    incidents,
    pauses,
    alertOverview: createAlertOverview({
      receivers,
      alertmanagers: urls.length,
      hasHeartbeat: config.heartbeatUrl !== undefined,
      stateOf: (name) => (name === HEARTBEAT ? heartbeats : counts).stateOf(name),
      read: fleetHistory.read,
      log,
    }),
    sendAlertTest: createAlertTest({
      database: options.database,
      receivers,
      alerts,
      alertmanagers: urls,
      tokenFile,
      fleet: () => fleetName,
      onAttempt: counts.add,
    }),
    start: () => alerts.start(),
    fleetUpdated(update, own) {
      fleetName = update.name;
      pauses.start();
      const services = own ? update.services.filter(({ name }) => name !== own.name) : update.services;
      incidents.update({ ...update, services }, own);
    },
    sourceChanged: (event) => alerts.sourceChanged(event, fleetName),
    heartbeatTried: (result, cause) => heartbeats.add(HEARTBEAT, result, cause),
    notifications: () => counts.all(),
    oldestMessageAt: () =>
      readInTime(fleetHistory.read('oldestMessage'), log, 'the outbox cannot be read').catch(() => null),
    isStuck: () =>
      [alerts, alertmanagers].some(
        (one) => Date.now() - (one.stuckSince() ?? Number.POSITIVE_INFINITY) > STUCK_MS,
      ),
    async close() {
      pauses.close();
      silences.close();
      alertmanagers.close();
      await alerts.close();
    },
  };
}

/** What is paused, with silences for it at the Alertmanagers. */
function createPausing(
  { config, log, fleetHistory, pauseStore, isDatabaseAway }: AlertingOptions,
  fleet: () => string,
) {
  const silences = createAlertmanagerSilences({
    clients: (config.alertmanagers ?? []).map((url) =>
      createAlertmanagerClient({ url, tokenFile: config.alertmanagerTokenFile }),
    ),
    log,
  });
  const pauses = createPauses({
    store: pauseStore,
    fleet,
    isAway: isDatabaseAway,
    copy: {
      read: () => fleetHistory.read('readPauses'),
      write: (known) => fleetHistory.write('keepPauses', known, Date.now()),
    },
    onRead: (known) => silences.update(fleet(), known),
    log,
  });
  return { pauses, silences };
}

function givenUpEvent(receiver: string, cause: string): NewEvent {
  const at = Date.now();
  const details = { receiver, cause };
  return { kind: 'alert', beganAt: at, endedAt: at, from: null, to: 'given_up', codes: [], details };
}

/** The outbox of the fleet file. */
function alertStore(fleetHistory: FleetHistory, moved: () => Promise<unknown>): AlertStore {
  const { write } = fleetHistory;
  return {
    async open(receiverKeys) {
      await moved();
      await write('keepReceivers', receiverKeys);
    },
    enqueue: (messages) => write('enqueueMessages', messages, Date.now()),
    peek: async (receiverKey) => (await write('peekMessage', receiverKey)) ?? undefined,
    acknowledge: (id, state) => write('acknowledgeMessage', id, state, Date.now()),
  };
}

/** A kill in between moves it again, which changes nothing. */
async function moveOutbox(history: History, fleetHistory: FleetHistory): Promise<OldIncident | undefined> {
  const { messages, incident } = await history.write('readOldOutbox');
  if (messages.length === 0 && incident === null) return undefined;
  await fleetHistory.write('takeOldMessages', messages);
  await history.write('clearOldOutbox');
  return incident === null ? undefined : (JSON.parse(incident) as OldIncident);
}

function linkIn({ publicUrl }: Config): (incident: string) => string | null {
  return (incident) => (publicUrl ? `${baseUrlOf(publicUrl)}/incidents/${incident}` : null);
}

function runbookIn({ runbookUrl }: Config): (code: string) => string | null {
  return (code) => (runbookUrl === undefined ? null : runbookOf(runbookUrl, code));
}
