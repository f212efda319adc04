/**
 * History, live pages and alerts over one status tracker. Health hands its reports in here.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { DEFAULTS, reasonsDocument, type Health, type ReportEvent } from 'portal-health';
import type { SourceEvent } from 'portal-integrity';
import { TimeoutError, withTimeout } from 'portal-shared/with-timeout';
import type { Config } from '../config/env.js';
import type { Log } from '../infra/log.js';
import { createAlerting } from './alerting.js';
import type { AlertOverview } from './alerts/alert-overview.js';
import type { AlertTestOptions, SendAlertTest } from './alerts/alert-test.js';
import type { NotificationCount } from './alerts/notification-counts.js';
import { createFleetHistory, type FleetHistory } from './fleet/fleet-history.js';
import type { FleetUpdate, ServiceUpdate } from '../fleet/fleet-update.js';
import type { NewEvent } from './history/event-store.js';
import { createHealthyTimes, type HealthyTimes } from './healthy-time/healthy-times.js';
import { createHistory, type History } from './history/history.js';
import type { GenerationStore } from './incidents/generations.js';
import type { Incidents } from './incidents/incidents.js';
import { createLivePages, type LivePages } from './live/pages.js';
import type { PauseStore } from './pauses/pause-store.js';
import type { Pauses } from './pauses/pauses.js';
import { createReasonTracker } from './reason-tracker.js';
import { createStatusTracker, type StatusTracker } from './status-tracker.js';

export interface MonitoringOptions {
  readonly config: Config;
  readonly log: Log;
  /** Called only after the first report. */
  readonly health: () => Health;
  /** What all watchers of the fleet have in common. */
  readonly generations: GenerationStore;
  readonly pauseStore: PauseStore;
  /** Its audit takes what somebody does by hand. */
  readonly database: AlertTestOptions['database'];
  /** Whether the database is known not to answer. */
  readonly isDatabaseAway: () => boolean;
  /** Sentences of codes of the fleet, which have no entry in the catalogue of the library. */
  readonly sentences: Readonly<Record<string, { readonly sentence: string }>>;
}

export interface Monitoring {
  readonly history: History;
  readonly fleetHistory: FleetHistory;
  readonly healthyTimes: HealthyTimes;
  readonly incidents: Incidents;
  readonly pauses: Pauses;
  readonly alertOverview: AlertOverview;
  readonly sendAlertTest: SendAlertTest;
  readonly pages: LivePages;
  readonly statusTracker: () => StatusTracker;
  /** Milliseconds without a probe run after which a time counts as not measured, at any pace. */
  readonly gapMs: number;
  reported(event: ReportEvent): void;
  sourceChanged(event: SourceEvent): void;
  /** A heartbeat was accepted, or was not, or was withheld. */
  readonly heartbeatTried: (result: 'accepted' | 'refused', cause?: string) => void;
  figures(): Promise<MonitoringFigures>;
  /** What of it does not move, in words for the log: probe runs that do not come, alerts that do not leave. */
  standstill(): string | undefined;
  /** @param own - this service as incidents go by it, where it is none of the fleet file */
  fleetUpdated(update: FleetUpdate, own: ServiceUpdate | undefined): void;
  /** Resolves when the status of the run before is known, or after two seconds. */
  start(): Promise<void>;
  /** Writes what waits. Nothing may be handed in any more. */
  close(): Promise<void>;
}

/** For whoever watches the watcher. */
export interface MonitoringFigures {
  readonly notifications: readonly NotificationCount[];
  /** Since when the oldest message waits, milliseconds since 1970. */
  readonly oldestMessageAt: number | null;
  readonly failedWrites: { readonly history: number; readonly fleet: number };
}

const PACKAGE = new URL('../../../package.json', import.meta.url);

/** For opening the history file. */
const RESTORE_TIMEOUT_MS = 2_000;
/** Probe runs are an interval ± 10 % apart; the rest is for a busy machine. */
const LATE = 1.2;
/** However short the interval, a busy machine may be this late without a missed probe run. */
const MIN_SILENCE_MS = { inUse: 12_000, idle: 30_000 };

/** Nothing is opened before `start()`. */
export function createMonitoring(options: MonitoringOptions): Monitoring {
  const { config, log, health } = options;
  const { gapMs, inUseMs } = silences(config);
  let tracker: StatusTracker | undefined;
  const statusTracker = (): StatusTracker =>
    (tracker ??= createStatusTracker({
      health: health(),
      silenceMs: () => (health().isInUse() ? inUseMs : gapMs),
      onUpdate: (update) => void history.record('recordStatus', update),
    }));
  const pages = createLivePages({
    snapshot: () => ({
      ...statusTracker().snapshot(),
      ...reasonsDocument(health().reasons('admin')),
    }),
    onRead: () => health().noteRequest(),
  });
  const history = createHistory({
    folder: resolve(config.dataDir),
    log,
    knownMs: () => statusTracker().knownMs(),
    onEvent: (event) => pages.sendEvent(event),
    onReplaced: () => statusTracker().repeat(),
  });
  const fleetHistory = createFleetHistory({ folder: resolve(config.dataDir), log });
  const alerting = createAlerting({
    ...options,
    history,
    fleetHistory,
    reasons: () => health().reasons('admin'),
  });
  let ownName: string | undefined;
  const healthyTimes = createHealthyTimes({ history, fleetHistory, isOwn: (name) => name === ownName, log });
  let lastReportMs = performance.now();
  const reasonTracker = createReasonTracker((update) => {
    history.write('recordReasons', update).then(
      (events) => {
        for (const event of events) pages.sendEvent(event);
      },
      // The log says of every write that the disk refuses it.
      () => undefined,
    );
  });

  return {
    history,
    fleetHistory,
    healthyTimes,
    incidents: alerting.incidents,
    pauses: alerting.pauses,
    alertOverview: alerting.alertOverview,
    sendAlertTest: alerting.sendAlertTest,
    heartbeatTried: alerting.heartbeatTried,
    pages,
    statusTracker,
    gapMs,
    reported(event) {
      lastReportMs = performance.now();
      statusTracker().update();
      reasonTracker.update(health().reasons('admin'), Date.now());
      pages.report();
      history.sample(event.report, health().snapshot());
    },
    sourceChanged(event) {
      void history.record('upsertEvent', integrityEvent(event));
      alerting.sourceChanged(event);
    },
    async figures() {
      return {
        notifications: alerting.notifications(),
        oldestMessageAt: await alerting.oldestMessageAt(),
        failedWrites: { history: history.failedWrites(), fleet: fleetHistory.failedWrites() },
      };
    },
    standstill() {
      if (performance.now() - lastReportMs > gapMs) return 'there is no probe run';
      return alerting.isStuck() ? 'alerts are not accepted' : undefined;
    },
    fleetUpdated(update, own) {
      ownName = own?.name;
      fleetHistory.update(update);
      alerting.fleetUpdated(update, own);
    },
    start() {
      fleetHistory.start();
      const { version } = JSON.parse(readFileSync(PACKAGE, 'utf8')) as { version: string };
      const restored = history.start({ version }).then((previous) => statusTracker().restore(previous));
      alerting.start();
      return withTimeout(restored, RESTORE_TIMEOUT_MS).catch((error: unknown) => {
        if (!(error instanceof TimeoutError)) throw error;
      });
    },
    async close() {
      pages.drain();
      await alerting.close();
      await Promise.all([history.close(), fleetHistory.close()]);
    },
  };
}

/** How long there may be no probe run before the status counts as unknown: as long as until a component is stale. */
function silences({ intervalMs, deadlineMs }: Config): { readonly gapMs: number; readonly inUseMs: number } {
  const { idleIntervals, staleAfterIntervals } = DEFAULTS;
  const idleMs = idleIntervals * intervalMs;
  return {
    gapMs: Math.max(staleAfterIntervals * idleMs, MIN_SILENCE_MS.idle) + deadlineMs,
    // The run after one in use may be the first at the idle pace.
    inUseMs: Math.max(staleAfterIntervals * intervalMs, idleMs * LATE, MIN_SILENCE_MS.inUse) + deadlineMs,
  };
}

const OFFSETS_MS: Readonly<Record<SourceEvent['kind'], number>> = {
  changed: 0,
  touched: 1,
  loaded: 2,
  restarted: 3,
  dependencies: 4,
};

/** The same event each time, because a change that continues keeps its `began_at`. */
function integrityEvent({ began_at, ended_at, ...change }: SourceEvent): NewEvent {
  const { hash_after: after, hash_before: before } = change;
  const found = after === null ? 'unreadable' : after === before ? 'put_back' : 'changed';
  const code = after === null ? 'SOURCE_UNREADABLE' : 'SOURCE_DRIFTED';
  return {
    kind: 'integrity',
    // Events of one second must not take each other's place.
    beganAt: Date.parse(began_at) + OFFSETS_MS[change.kind],
    endedAt: Date.parse(ended_at) + OFFSETS_MS[change.kind],
    from: null,
    to: change.kind === 'changed' ? found : change.kind,
    codes: {
      changed: [code],
      touched: [],
      loaded: ['SOURCE_LOADED_DIFFERS'],
      restarted: [],
      dependencies: ['SOURCE_MISMATCH'],
    }[change.kind],
    details: { ...change },
  };
}
