/**
 * The fleet file: every method that its thread can be asked for. Arguments and results are copied from thread to thread.
 */
import type { Database } from 'libsql';
import type { FileFormat } from '../../infra/sqlite/sqlite-file.js';
import { inTransaction } from '../../infra/sqlite/transaction.js';
import {
  createOutboxStore,
  OUTBOX_SCHEMA,
  type NewMessage,
  type OutboxStore,
} from '../alerts/outbox-store.js';
import type { Incident } from '../incidents/incident.js';
import { createIncidentStore, INCIDENTS_SCHEMA, type IncidentStore } from '../incidents/incident-store.js';
import type { Pause } from '../pauses/pause.js';
import { createMaintenanceStore, MAINTENANCE_SCHEMA, type MaintenanceStore } from './maintenance-store.js';
import { createServiceStepStore, STEPS_SCHEMA, type ServiceStepStore } from './service-step-store.js';
import { createStretchStore, STRETCHES_SCHEMA, type StretchStore } from './stretch-store.js';
import { createTransitionStore, TRANSITIONS_SCHEMA, type TransitionStore } from './transition-store.js';

export interface FleetStore
  extends
    TransitionStore,
    ServiceStepStore,
    StretchStore,
    Pick<MaintenanceStore, 'readMaintenance'>,
    Omit<IncidentStore, 'keepPauses'>,
    OutboxStore {
  /** What is paused, as last known, and of what was planned for how long it lasted. */
  keepPauses(pauses: readonly Pause[], nowMs: number): void;
  /** Incidents and the messages about them, all or nothing. */
  recordIncidents(incidents: readonly Incident[], messages: readonly NewMessage[], nowMs: number): void;
  /** The service has stopped. */
  endRun(): void;
}

export const FLEET_FORMAT: FileFormat = {
  version: 1,
  prepare: (database) =>
    void database.exec(
      `${TRANSITIONS_SCHEMA} ${STEPS_SCHEMA} ${STRETCHES_SCHEMA} ${MAINTENANCE_SCHEMA} ${INCIDENTS_SCHEMA} ${OUTBOX_SCHEMA}`,
    ),
};

/** Over a database whose tables exist. */
export function createFleetStore(database: Database): FleetStore {
  const incidents = createIncidentStore(database);
  const outbox = createOutboxStore(database);
  const maintenance = createMaintenanceStore(database);
  return {
    ...createTransitionStore(database),
    ...createServiceStepStore(database),
    ...createStretchStore(database),
    ...incidents,
    ...outbox,
    readMaintenance: (service, range) => maintenance.readMaintenance(service, range),
    keepPauses: inTransaction(database, (pauses: readonly Pause[], nowMs: number) => {
      incidents.keepPauses(pauses);
      maintenance.keepMaintenance(pauses, nowMs);
    }),
    recordIncidents: inTransaction(
      database,
      (changed: readonly Incident[], messages: readonly NewMessage[], nowMs: number) => {
        incidents.putIncidents(changed, nowMs);
        outbox.enqueueMessages(messages, nowMs);
      },
    ),
    endRun: () => undefined,
  };
}
