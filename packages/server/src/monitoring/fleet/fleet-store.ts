/**
 * The fleet file: every method that its thread can be asked for. Arguments and results are copied from thread to thread.
 */
import type { Database } from 'libsql';
import type { FileFormat } from '../../infra/sqlite/sqlite-file.js';
import { createIncidentStore, INCIDENTS_SCHEMA, type IncidentStore } from '../incidents/incident-store.js';
import { createServiceStepStore, STEPS_SCHEMA, type ServiceStepStore } from './service-step-store.js';
import { createTransitionStore, TRANSITIONS_SCHEMA, type TransitionStore } from './transition-store.js';

export interface FleetStore extends TransitionStore, ServiceStepStore, IncidentStore {
  /** The service has stopped. */
  endRun(): void;
}

export const FLEET_FORMAT: FileFormat = {
  version: 1,
  prepare: (database) => void database.exec(`${TRANSITIONS_SCHEMA} ${STEPS_SCHEMA} ${INCIDENTS_SCHEMA}`),
};

/** Over a database whose tables exist. */
export function createFleetStore(database: Database): FleetStore {
  return {
    ...createTransitionStore(database),
    ...createServiceStepStore(database),
    ...createIncidentStore(database),
    endRun: () => undefined,
  };
}
