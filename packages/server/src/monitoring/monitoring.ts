/**
 * Everything that follows the course of things: history, events, open pages and alerts, put together. Health tells it what
 * it finds; it tells everybody else.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DEFAULTS, type Health, type ReportEvent } from 'portal-health';
import type { SourceEvent } from 'portal-integrity';
import { currentAlertSecret, type Config } from '../config/env.js';
import { createAlerts, type AlertStore } from './alerts/alerts.js';
import type { Incident } from './alerts/incident-detector.js';
import { createReceivers } from './alerts/receivers.js';
import { createEventLog } from './history/event-log.js';
import { createHistory, type History } from './history/history.js';
import { createLivePages, type LivePages } from './live/pages.js';
import { createStatusTracker, type StatusTracker } from './status-tracker.js';
import type { Log } from '../infra/log.js';

/** What it follows. */
export interface MonitoringOptions {
  readonly config: Config;
  readonly log: Log;
  /** Asked for only once it reports. */
  readonly health: () => Health;
}

/** What follows the course of things. */
export interface Monitoring {
  readonly history: History;
  readonly pages: LivePages;
  readonly statusTracker: () => StatusTracker;
  /** Milliseconds without a look after which nobody has looked, at any pace. */
  readonly gapMs: number;
  reported(event: ReportEvent): void;
  sourceChanged(event: SourceEvent): void;
  /** Kept once it is known how the run before this one left things, or soon. */
  start(): Promise<void>;
  /** Writes what is still to be written. Nothing must be told any more. */
  close(): Promise<void>;
}

const PACKAGE = new URL('../../../package.json', import.meta.url);
/** The note in the history file about the incident that goes on. */
const INCIDENT = 'incident';

/** For the file of the history to be opened. */
const LEFT_WITHIN_MS = 2_000;
/** Looks come a tenth early or late, and then some. */
const LATE = 1.2;
/** However short the interval, a busy machine may be late by as much without having missed a look. */
const LEAST_MS = { inUse: 12_000, idle: 30_000 };

/** Nothing is opened before `start()`. */
export function createMonitoring({ config, log, health }: MonitoringOptions): Monitoring {
  let since: StatusTracker | undefined;
  const { intervalMs, deadlineMs } = config;
  // The library's own choice, and so is after how many looks that fail to come a part is stale: then nobody has looked.
  const { idleIntervals, staleAfterIntervals } = DEFAULTS;
  const idleMs = idleIntervals * intervalMs;
  const gapMs = Math.max(staleAfterIntervals * idleMs, LEAST_MS.idle) + deadlineMs;
  /** The next look after one in use may be the first one that waits for longer. */
  const inUseMs = Math.max(staleAfterIntervals * intervalMs, idleMs * LATE, LEAST_MS.inUse) + deadlineMs;
  const silenceMs = (): number => (health().isInUse() ? inUseMs : gapMs);
  const statusTracker = (): StatusTracker =>
    (since ??= createStatusTracker({
      health: health(),
      silenceMs,
      onUpdate: (update) => eventLog.statusChanged(update),
    }));
  const pages = createLivePages({
    snapshot: () => statusTracker().snapshot(),
    onRead: () => health().noteRequest(),
  });
  const history = createHistory({
    folder: resolve(config.dataDir),
    log,
    knownMs: () => statusTracker().knownMs(),
    onTrouble(trouble) {
      eventLog.historyFailed(trouble);
      if (trouble.what === 'damaged') statusTracker().repeat();
    },
  });
  const eventLog = createEventLog({
    write: (name, ...args) => history.write(name, ...args),
    onEvent: (event) => pages.sendEvent(event),
  });
  const alerts = createAlerts({
    receivers: createReceivers(config.alertWebhooks ?? [], currentAlertSecret(config)),
    store: alertStore(history),
    after: config.alertAfter,
    intervalMs: config.intervalMs,
    log,
    onGivenUp: (receiver, cause) =>
      eventLog.add({ kind: 'alert', to: 'given_up', codes: [], details: { receiver, cause } }),
  });

  return {
    history,
    pages,
    statusTracker,
    gapMs,
    reported(event) {
      statusTracker().update();
      pages.report();
      history.sample(event.report, health().snapshot());
      alerts.reported(event);
    },
    sourceChanged(event) {
      eventLog.sourceChanged(event);
      alerts.sourceChanged(event);
    },
    start() {
      const { version } = JSON.parse(readFileSync(PACKAGE, 'utf8')) as { version: string };
      history.start();
      const left = eventLog.started({ version }).then((previous) => statusTracker().restore(previous));
      alerts.start();
      // What the last run left is known long before, unless the disk does not answer: then nobody waits for it.
      return Promise.race([left, sleep(LEFT_WITHIN_MS, undefined, { ref: false })]);
    },
    async close() {
      pages.drain();
      await alerts.close();
      await history.close();
    },
  };
}

/** The part of the history that alerts need, in their words. */
function alertStore(history: History): AlertStore {
  return {
    async open(receiverKeys) {
      const note = await history.write('openOutbox', receiverKeys, INCIDENT);
      // Only ever written below.
      return note === null ? undefined : (JSON.parse(note) as Incident);
    },
    enqueue(messages, incident) {
      const value = incident ? JSON.stringify(incident) : null;
      const note = incident === undefined ? null : { name: INCIDENT, value };
      return history.write('enqueueMessages', messages, Date.now(), note);
    },
    peek: async (receiverKey) => (await history.write('peekMessage', receiverKey)) ?? undefined,
    acknowledge: (id) => history.write('acknowledgeMessage', id),
  };
}
