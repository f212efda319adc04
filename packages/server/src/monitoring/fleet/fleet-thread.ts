/**
 * The thread of the fleet file.
 */
import { workerData } from 'node:worker_threads';
import { serveFile } from '../../infra/sqlite/file-thread.js';
import { createFleetStore, FLEET_FORMAT, type FleetStore } from './fleet-store.js';

const { path } = workerData as { readonly path: string };

await serveFile<FleetStore>({ path, format: FLEET_FORMAT, createStore: createFleetStore, last: 'endRun' });
