/**
 * The incidents of the fleet and of this service: followed with every update, kept in the fleet file.
 */
import type { Log } from '../../infra/log.js';
import { readInTime } from '../../infra/sqlite/read-in-time.js';
import type { FleetHistory } from '../fleet/fleet-history.js';
import type { FleetUpdate, ServiceUpdate } from '../fleet/fleet-update.js';
import { createGenerations, type GenerationStore, type Generations } from './generations.js';
import { incidentKey, type Incident } from './incident.js';
import type { IncidentPage, IncidentQuery } from './incident-store.js';
import { createIncidentTracker, type IncidentTracker } from './incident-tracker.js';

export interface Incidents {
  /** Reads those that were open; updates before count for nothing. */
  start(): void;
  /** @param own - this service, where it is none of the fleet file */
  update(update: FleetUpdate, own: ServiceUpdate | undefined): void;
  /** Id of the open incident of the health of a service. */
  idOf(service: string): string | null;
  /** @throws PortalError (unavailable) when the disk does not answer in time */
  page(query: IncidentQuery): Promise<IncidentPage>;
  /** @throws PortalError (unavailable) when the disk does not answer in time */
  one(id: string): Promise<Incident | null>;
}

export interface IncidentsOptions {
  readonly history: Pick<FleetHistory, 'write' | 'read'>;
  readonly generations: GenerationStore;
  readonly log: Log;
}

const CANNOT_READ = 'the incidents cannot be read';

/** Nothing is read before `start()`. */
export function createIncidents({ history, generations: store, log }: IncidentsOptions): Incidents {
  let tracker: IncidentTracker | undefined;
  let generations: Generations | undefined;
  let fleet = '';

  async function open(): Promise<void> {
    const startedAt = Date.now();
    const before = await history.write('incidentsBefore', startedAt);
    const named = createGenerations({
      store,
      known: before.generations,
      isNew: before.isNew,
      onLearnt: () => void history.write('noteLearnt').catch(() => undefined),
      onError: (error) => log.debug('generations of incidents are not shared now', { cause: String(error) }),
    });
    generations = named;
    tracker = createIncidentTracker({
      open: before.open,
      changes: before.changes,
      startedAt,
      generationOf: (key, since) => named.of(key, since),
      isPaused: () => false,
    });
  }

  return {
    start() {
      open().catch((error: unknown) => log.bug('incidents cannot be followed', error));
    },
    update(update, own) {
      fleet = update.name;
      if (!tracker || !generations) return;
      const { changed } = tracker.update(update, own);
      generations.note(changed);
      generations.flush();
      if (changed.length === 0) return;
      history
        .write('putIncidents', changed, update.at)
        .catch((error: unknown) => log.bug('an incident cannot be written', error));
    },
    idOf(service) {
      const key = incidentKey(fleet, service, 'health');
      return tracker?.open().find((incident) => incident.key === key)?.id ?? null;
    },
    page: (query) => readInTime(history.read('readIncidents', query), log, CANNOT_READ),
    one: (id) => readInTime(history.read('readIncident', id), log, CANNOT_READ),
  };
}
