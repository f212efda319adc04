/**
 * The incidents of the fleet and of this service: followed with every update, kept in the fleet file, and announced.
 */
import type { Status } from 'portal-health';
import type { Log } from '../../infra/log.js';
import { readInTime } from '../../infra/sqlite/read-in-time.js';
import type { Alertmanagers } from '../alerts/alertmanagers.js';
import type { Alerts } from '../alerts/alerts.js';
import type { Delivery, NewMessage } from '../alerts/outbox-store.js';
import type { FleetHistory } from '../fleet/fleet-history.js';
import type { FleetUpdate, ServiceUpdate } from '../../fleet/fleet-update.js';
import { createGenerations, type GenerationStore, type Generations } from './generations.js';
import type { Pauses } from '../pauses/pauses.js';
import { incidentKey, type Incident, type IncidentNotice } from './incident.js';
import type { IncidentPage, IncidentQuery } from './incident-store.js';
import { createIncidentTracker, type IncidentTracker } from './incident-tracker.js';

/** One incident, and what was sent of it to whom. */
export interface IncidentDetail {
  readonly incident: Incident;
  readonly deliveries: readonly Delivery[];
}

/** The open incident of an earlier version, which knew of its own service alone. */
export interface OldIncident {
  readonly id: string;
  readonly status: Exclude<Status, 'healthy'>;
  readonly since: string;
  readonly isExplained?: boolean;
}

export interface Incidents {
  /** @param own - this service, where it is none of the fleet file */
  update(update: FleetUpdate, own: ServiceUpdate | undefined): void;
  /** Id of the open incident of the health of a service. */
  idOf(service: string): string | null;
  /** @throws PortalError (unavailable) when the disk does not answer in time */
  page(query: IncidentQuery): Promise<IncidentPage>;
  /** @throws PortalError (unavailable) when the disk does not answer in time */
  one(id: string): Promise<IncidentDetail | null>;
}

export interface IncidentsOptions {
  readonly history: Pick<FleetHistory, 'write' | 'read'>;
  readonly generations: GenerationStore;
  readonly alerts: Pick<Alerts, 'messagesOf' | 'explanationOf' | 'wake'>;
  readonly alertmanagers: Pick<Alertmanagers, 'update'>;
  readonly pauses: Pick<Pauses, 'isReady' | 'until'>;
  /** Of an earlier version; `undefined`: there is none. */
  readonly oldIncident: () => Promise<OldIncident | undefined>;
  readonly log: Log;
}

const CANNOT_READ = 'the incidents cannot be read';

/** Nothing is read before the first update. */
export function createIncidents(options: IncidentsOptions): Incidents {
  const { history, generations: store, alerts, alertmanagers, pauses, oldIncident, log } = options;
  let tracker: IncidentTracker | undefined;
  let generations: Generations | undefined;
  let opening: Promise<void> | undefined;
  let fleet = '';

  async function open(own: ServiceUpdate | undefined): Promise<void> {
    const startedAt = Date.now();
    const old = await oldIncident();
    if (old && own) await history.write('recordIncidents', [takenOver(old, fleet, own.name)], [], startedAt);
    const before = await history.write('incidentsBefore', startedAt);
    const named = createGenerations({
      store,
      known: before.generations,
      learnt: before.learnt,
      onLearnt: (highest) => void history.write('noteLearnt', [...highest]).catch(() => undefined),
      onError: (error) => log.debug('generations of incidents are not shared now', { cause: String(error) }),
    });
    generations = named;
    tracker = createIncidentTracker({
      open: before.open,
      changes: before.changes,
      startedAt,
      generationOf: (key, since) => named.of(key, since),
      isPaused: (service, at) => !pauses.isReady() || pauses.until(service, at) !== null,
    });
  }

  /** Messages about what has happened. Those of incidents that say why are marked so. */
  function messagesFor(of: IncidentTracker, notices: readonly IncidentNotice[]) {
    const found = notices.map((notice) => {
      const { messages, isExplained } = alerts.messagesOf(notice);
      return { notice, messages, isExplained };
    });
    const silent = of
      .open()
      .filter(({ announced, isExplained }) => announced !== null && !isExplained)
      .map((incident) => {
        const { messages, isExplained } = alerts.explanationOf(incident);
        return { notice: { incident }, messages, isExplained };
      });
    const all = [...found, ...silent.filter(({ notice }) => !notices.some(isAbout(notice.incident)))];
    const explained = all
      .filter(({ isExplained, notice: { incident } }) => isExplained && incident.endedAt === null)
      .flatMap(({ notice }) => of.markExplained(notice.incident.key) ?? []);
    return { messages: all.flatMap(({ messages }) => messages), explained };
  }

  function record(changed: readonly Incident[], messages: readonly NewMessage[], at: number): void {
    if (changed.length === 0 && messages.length === 0) return;
    history
      .write('recordIncidents', changed, messages, at)
      .then(alerts.wake, (error: unknown) => log.bug('an incident cannot be written', error));
  }

  return {
    update(update, own) {
      fleet = update.name;
      opening ??= open(own).catch((error: unknown) => log.bug('incidents cannot be followed', error));
      if (!tracker || !generations) return;
      const { changed, notices } = tracker.update(update, own);
      const { messages, explained } = messagesFor(tracker, notices);
      generations.note(changed);
      generations.flush();
      record([...changed, ...explained], messages, update.at);
      alertmanagers.update(fleet, tracker.open(), tracker.remembered());
    },
    idOf(service) {
      const key = incidentKey(fleet, service, 'health');
      return tracker?.open().find((incident) => incident.key === key)?.id ?? null;
    },
    page: (query) => readInTime(history.read('readIncidents', query), log, CANNOT_READ),
    async one(id) {
      const [incident, deliveries] = await readInTime(
        Promise.all([history.read('readIncident', id), history.read('deliveriesOf', id)]),
        log,
        CANNOT_READ,
      );
      return incident && { incident, deliveries };
    },
  };
}

function isAbout({ id }: Incident): (notice: IncidentNotice) => boolean {
  return ({ incident }) => incident.id === id;
}

/** It keeps the id that its receivers know. */
function takenOver(old: OldIncident, fleet: string, service: string): Incident {
  const severity = old.status === 'unhealthy' ? 'critical' : 'warning';
  return {
    id: old.id,
    key: incidentKey(fleet, service, 'health'),
    generation: 1,
    kind: 'health',
    fleet,
    service,
    sharedLabel: null,
    labels: {},
    severity,
    worst: severity,
    beganAt: Date.parse(old.since),
    endedAt: null,
    causes: [],
    services: [service],
    instances: [],
    announced: severity,
    isExplained: old.isExplained === true,
  };
}
