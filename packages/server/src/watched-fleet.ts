/**
 * The services that are watched, this one among them: incidents and live pages are told of each update, and whoever watches
 * this service hears that it moves.
 */
import type { Health } from 'portal-health';
import type { Source } from 'portal-integrity';
import { createFleetLive, type FleetLive } from './api/fleet-live.js';
import { publishedFleet, type NotesOf } from './api/fleet-schema.js';
import type { Config } from './config/env.js';
import { createFleet, OWN_NAME, type Fleet } from './fleet/fleet.js';
import type { Log } from './infra/log.js';
import { createHeartbeat } from './monitoring/alerts/heartbeat.js';
import type { Monitoring } from './monitoring/monitoring.js';
import { createOwnService } from './own-service.js';

export interface WatchedFleetOptions {
  readonly config: Config;
  readonly health: Health;
  readonly source: Pick<Source, 'state'>;
  readonly startedAt: Date;
  readonly monitoring: Monitoring;
  readonly log: Log;
}

export interface WatchedFleet {
  readonly fleet: Fleet;
  /** What is noted of a service besides. */
  readonly notesOf: NotesOf;
  readonly pages: FleetLive['pages'];
  /** To be called with every report of this service. */
  observe(): void;
  start(): void;
  close(): Promise<void>;
}

export function createWatchedFleet({
  config,
  health,
  source,
  startedAt,
  monitoring,
  log,
}: WatchedFleetOptions): WatchedFleet {
  const { intervalMs, alertAfter } = config;
  const ownService = createOwnService({
    health,
    source,
    startedAt,
    intervalMs,
    alertAfter,
  });
  const fleet = createFleet({
    path: config.fleetFile,
    prometheus:
      config.prometheusUrl === undefined
        ? undefined
        : { url: config.prometheusUrl, tokenFile: config.prometheusTokenFile ?? null },
    own: () => ownService.detail(),
    log,
    onUpdate(update) {
      const isListed = update.services.some(({ name }) => name === OWN_NAME);
      const services = isListed ? update.services : [ownService.takeUpdate(update.at), ...update.services];
      monitoring.fleetUpdated({ ...update, services }, isListed ? undefined : ownService.settledUpdate());
      live.update();
    },
  });
  const notesOf: NotesOf = (name, labels) => ({
    pausedUntil: monitoring.pauses.until({ name, labels }, Date.now()),
    incident: monitoring.incidents.idOf(name),
  });
  const live = createFleetLive(() => publishedFleet(fleet.view(), notesOf));
  const heartbeat = config.heartbeatUrl
    ? createHeartbeat({
        url: config.heartbeatUrl,
        standstill: () => monitoring.standstill() ?? (fleet.isMoving() ? undefined : 'there is no poll'),
        onAttempt: monitoring.heartbeatTried,
        log,
      })
    : undefined;

  return {
    fleet,
    notesOf,
    pages: live.pages,
    observe: () => ownService.observe(),
    start() {
      fleet.start();
      heartbeat?.start();
    },
    async close() {
      heartbeat?.close();
      await fleet.close();
    },
  };
}
