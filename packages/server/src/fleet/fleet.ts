/**
 * The fleet: every service with its instances, watched as one. Answers from memory; problems of the fleet never change
 * the service's own health.
 */
import type { Log } from '../infra/log.js';
import { watchFleetFile } from './file/file-watch.js';
import type { FleetFile } from './file/fleet-file.js';
import type { FleetProblemCode } from './fleet-problems.js';
import type { FleetUpdate } from './fleet-update.js';
import type { PrometheusAddress } from './prometheus/prometheus-api.js';
import { accepts } from './reach.js';
import { createServices, UPDATE_MS, type ServiceDetail, type ServiceTargets } from './services.js';
import type { ServiceView } from './service-watch.js';
import { worstOf, type ServiceStatus } from './service-verdict.js';

export interface FleetView {
  readonly name: string;
  readonly status: ServiceStatus;
  readonly checkedAt: number;
  readonly blindSince: number | null;
  readonly codes: readonly FleetProblemCode[];
  readonly services: readonly ServiceView[];
}

export interface Fleet {
  /** Finds the instances and begins to poll them. */
  start(): void;
  view(): FleetView;
  service(name: string): ServiceDetail | undefined;
  targets(): readonly ServiceTargets[];
  /** Whether polls that are due are made; true also where nothing is to be polled. */
  isMoving(): boolean;
  close(): Promise<void>;
}

export interface FleetOptions {
  /** Of the fleet file; `undefined`: a fleet of this service alone. */
  readonly path: string | undefined;
  /** Default: there is none, and no service of the file may want one. */
  readonly prometheus?: PrometheusAddress | undefined;
  /** This service, as one of its own fleet; asked whenever somebody looks. */
  readonly own: () => ServiceDetail;
  readonly log: Log;
  /** Called after every update with what has changed; this service is only among it where the file has it. */
  readonly onUpdate?: (update: FleetUpdate) => void;
}

/** The service of this name is this one, unless the file has another. */
export const OWN_NAME = 'portal';
const LOOK_AT_FILE_MS = 5_000;
const REACH_MS = 5_000;

/** @throws OperatorError when the fleet file cannot be used */
export function createFleet({ path, prometheus, own, log, onUpdate }: FleetOptions): Fleet {
  const services = createServices(log, prometheus ?? null);
  const fileWatch = watchFleetFile({
    path,
    hasPrometheus: prometheus !== undefined,
    onChange(next) {
      log.info('the fleet file was read again', { services: next.services.length });
      file = next;
      services.apply(next.services);
    },
    onRefused: (cause) => log.warn('the fleet file was refused; the last good one is in force', { cause }),
  });
  let file: FleetFile = fileWatch.file;
  let reach: boolean | undefined;
  const timers: NodeJS.Timeout[] = [];

  async function checkReach(): Promise<void> {
    reach = file.reach ? await accepts(file.reach) : undefined;
  }

  function every(ms: number, task: () => unknown): void {
    task();
    timers.push(setInterval(task, ms).unref());
  }

  function update(): void {
    const nowMs = Date.now();
    services.update(nowMs, reach);
    onUpdate?.({
      at: nowMs,
      name: file.name,
      blindSince: services.blindSince(),
      services: services.takeUpdates(nowMs),
    });
  }

  function codes(): readonly FleetProblemCode[] {
    return [
      ...(services.blindSince() === null ? [] : (['FLEET_BLIND'] as const)),
      ...(fileWatch.isRefused() ? (['FLEET_FILE_REFUSED'] as const) : []),
    ];
  }

  return {
    start() {
      services.apply(file.services);
      every(LOOK_AT_FILE_MS, () => fileWatch.look());
      every(REACH_MS, () => void checkReach());
      every(UPDATE_MS, update);
    },
    view() {
      const watched = services.views();
      const views = watched.some(({ name }) => name === OWN_NAME) ? watched : [own().service, ...watched];
      return {
        name: file.name,
        status: worstOf(views.map(({ verdict }) => verdict.status)),
        checkedAt: services.checkedAt(),
        blindSince: services.blindSince(),
        codes: codes(),
        services: views,
      };
    },
    service: (name) => services.detail(name) ?? (name === OWN_NAME ? own() : undefined),
    targets: () => services.targets(),
    isMoving: () => services.isMoving(),
    async close() {
      for (const timer of timers) clearInterval(timer);
      await services.close();
    },
  };
}
