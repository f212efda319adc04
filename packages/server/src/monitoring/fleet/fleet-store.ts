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
import { createServiceStepStore, STEPS_SCHEMA, type ServiceStepStore } from './service-step-store.js';
import { createTransitionStore, TRANSITIONS_SCHEMA, type TransitionStore } from './transition-store.js';

export interface FleetStore extends TransitionStore, ServiceStepStore, IncidentStore, OutboxStore {
  /** Incidents and the messages about them, all or nothing. */
  recordIncidents(incidents: readonly Incident[], messages: readonly NewMessage[], nowMs: number): void;
  /** The service has stopped. */
  endRun(): void;
}

export const FLEET_FORMAT: FileFormat = {
  version: 1,
  prepare: (database) =>
    void database.exec(`${TRANSITIONS_SCHEMA} ${STEPS_SCHEMA} ${INCIDENTS_SCHEMA} ${OUTBOX_SCHEMA}`),
};

/** Over a database whose tables exist. */
export function createFleetStore(database: Database): FleetStore {
  const incidents = createIncidentStore(database);
  const outbox = createOutboxStore(database);
  return {
    ...createTransitionStore(database),
    ...createServiceStepStore(database),
    ...incidents,
    ...outbox,
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
