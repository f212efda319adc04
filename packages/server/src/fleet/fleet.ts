/**
 * The fleet: every service with its instances, watched as one. Answers from memory; problems of the fleet never change
 * the service's own health.
 */
import type { Log } from '../infra/log.js';
import type { Discovery } from './discovery/discovered.js';
import { createDiscovery } from './discovery/discovery.js';
import { watchFleetFile } from './file/file-watch.js';
import type { FleetFile, ServiceEntry } from './file/fleet-file.js';
import type { FleetProblemCode } from './fleet-problems.js';
import type { FleetUpdate, ServiceUpdate } from './fleet-update.js';
import type { InstanceView } from './instance-list.js';
import type { Poll } from './observation.js';
import type { Collected, PollPlan } from './polling/poll-thread.js';
import { createPollWorker } from './polling/poll-worker.js';
import type { ServiceRound } from './prometheus/collector.js';
import type { PrometheusAddress } from './prometheus/prometheus-api.js';
import { accepts } from './reach.js';
import { createServiceWatch, type ServiceView, type ServiceWatch } from './service-watch.js';
import { judgeSight, SEEING, type Sight } from './sight.js';
import { worstOf, type ServiceStatus } from './service-verdict.js';

export interface FleetView {
  readonly name: string;
  readonly status: ServiceStatus;
  readonly checkedAt: number;
  readonly blindSince: number | null;
  readonly codes: readonly FleetProblemCode[];
  readonly services: readonly ServiceView[];
}

export interface ServiceDetail {
  readonly service: ServiceView;
  readonly instances: readonly InstanceView[];
}

/** What of a service is watched, and where it is asked. */
export interface ServiceTargets {
  readonly service: string;
  readonly scheme: string;
  readonly path: string;
  /** `host:port`. */
  readonly instances: readonly string[];
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

/** More are not watched by one process. */
const MOST_INSTANCES = 10_000;
/** The service of this name is this one, unless the file has another. */
export const OWN_NAME = 'portal';
const UPDATE_MS = 1_000;
const PLAN_MS = 50;
const LOOK_AT_FILE_MS = 5_000;
const REACH_MS = 5_000;
/** A busy machine may be this late with every poll. */
const LATE_MS = 60_000;

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

interface Services {
  /** Services that are as they were keep their instances, and what is known of them. */
  apply(entries: readonly ServiceEntry[]): void;
  update(nowMs: number, reach: boolean | undefined): void;
  blindSince(): number | null;
  checkedAt(): number;
  views(): readonly ServiceView[];
  takeUpdates(nowMs: number): readonly ServiceUpdate[];
  detail(name: string): ServiceDetail | undefined;
  targets(): readonly ServiceTargets[];
  isMoving(): boolean;
  close(): Promise<void>;
}

interface Watched {
  readonly watch: ServiceWatch;
  /** `undefined` where a Prometheus finds the instances. */
  discovery: Discovery | undefined;
  /** Why the instances cannot be listed; empty while they can be. */
  lastCause: string;
}

function createServices(log: Log, prometheus: PrometheusAddress | null): Services {
  const all = new Map<string, Watched>();
  let sight: Sight = SEEING;
  let checkedAt = Date.now();
  let planTimer: NodeJS.Timeout | undefined;
  let answeredAt = 0;
  const worker = createPollWorker({
    onCollected: receive,
    onEnd: (error) => log.failure('the watching of the fleet has ended, and begins anew', error),
  });

  function watches(): readonly ServiceWatch[] {
    return [...all.values()].map(({ watch }) => watch);
  }

  function receive(collected: Collected): void {
    if (collected.kind === 'polls') receivePolls(collected.polls);
    else if (collected.kind === 'paused') goBlind();
    else for (const round of collected.rounds) receiveRound(round);
  }

  function receiveRound({ service, found }: ServiceRound): void {
    const watched = all.get(service);
    watched?.watch.scraped(found);
    if (watched) noteCause(watched, found.kind === 'failed' ? found.cause : '');
    if (found.kind === 'round') checkedAt = Date.now();
  }

  /** Each cause is logged once. */
  function noteCause(watched: Watched, cause: string): void {
    if (cause !== watched.lastCause && cause !== '') {
      log.warn('the instances of a service cannot be listed', { service: watched.watch.entry.name, cause });
    }
    watched.lastCause = cause;
  }

  function receivePolls(polls: readonly Poll[]): void {
    checkedAt = Date.now();
    for (const poll of polls) {
      if (poll.observation.kind === 'answered') answeredAt = Math.max(answeredAt, poll.atMs);
    }
    const isBlind = sight.blindSince !== null;
    for (const poll of polls) {
      const [service = '', instance = ''] = poll.key.split('\n');
      const watch = all.get(service)?.watch;
      if (watch?.instances.kind !== 'polled') continue;
      watch.instances.polled(instance, poll, { isBlind, answeredAt, windowMs: watch.windowMs + UPDATE_MS });
    }
    if (polls.some(({ observation }) => observation.kind === 'void')) goBlind();
  }

  function goBlind(): void {
    if (sight.blindSince === null) look({ blindSince: Date.now(), hasGivenUp: false });
  }

  function look(next: Sight): void {
    const [wasBlind, isBlind] = [sight.blindSince !== null, next.blindSince !== null];
    sight = next;
    if (wasBlind === isBlind) return;
    log.warn(isBlind ? 'the watcher of the fleet is blind' : 'the watcher of the fleet sees again');
    if (isBlind || next.hasGivenUp) return;
    for (const { instances } of watches()) instances.forgetLosses();
  }

  /** Begins to watch a service, or goes on with what is known of its instances where they are asked in the same way. */
  function begin(entry: ServiceEntry): void {
    const before = all.get(entry.name)?.watch;
    drop(entry.name);
    const instances = before && isAskedAlike(before.entry, entry) ? before.instances : undefined;
    const watch = createServiceWatch(entry, Date.now(), instances);
    const watched: Watched = { watch, discovery: undefined, lastCause: '' };
    all.set(entry.name, watched);
    const { discover } = entry;
    if (discover.kind === 'series') return;
    watched.discovery = createDiscovery({
      discover,
      onResult(found) {
        noteCause(watched, found.kind === 'failed' ? found.cause : '');
        if (watch.discovered(found, Date.now())) sendPlanSoon();
      },
    });
  }

  function drop(name: string): void {
    all.get(name)?.discovery?.close();
    all.delete(name);
  }

  /** Many services are listed within the same moment, and a plan holds all of them. */
  function sendPlanSoon(): void {
    planTimer ??= setTimeout(sendPlan, PLAN_MS).unref();
  }

  /** The first by service and instance are watched, so that the same ones are left out every time. */
  function sendPlan(): void {
    clearTimeout(planTimer);
    planTimer = undefined;
    const sorted = watches().toSorted((a, b) => (a.entry.name < b.entry.name ? -1 : 1));
    let left = MOST_INSTANCES;
    for (const watch of sorted) {
      watch.limitTo(left);
      if (watch.instances.kind === 'polled') left -= watch.instances.listed();
    }
    worker.setPlan(planOf(sorted, prometheus));
  }

  return {
    apply(entries) {
      const names = new Set(entries.map(({ name }) => name));
      for (const name of all.keys()) if (!names.has(name)) drop(name);
      for (const entry of entries) {
        const known = all.get(entry.name)?.watch.entry;
        if (JSON.stringify(known) !== JSON.stringify(entry)) begin(entry);
      }
      sendPlan();
    },
    update(nowMs, reach) {
      look(
        judgeSight(
          sight,
          watches().flatMap((watch) => watch.seen()),
          nowMs,
          reach,
        ),
      );
      for (const watch of watches()) watch.update(nowMs, sight.blindSince !== null);
    },
    blindSince: () => sight.blindSince,
    checkedAt: () => checkedAt,
    views: () => watches().map((watch) => watch.view()),
    takeUpdates: (nowMs) => watches().map((watch) => watch.takeUpdate(nowMs)),
    detail(name) {
      const watch = all.get(name)?.watch;
      return watch && { service: watch.view(), instances: watch.viewInstances() };
    },
    targets: () =>
      watches().flatMap(({ entry: { name: service, polling }, instances }) =>
        instances.kind === 'polled'
          ? {
              service,
              scheme: polling.scheme,
              path: polling.path,
              instances: [...instances.origins().keys()],
            }
          : [],
      ),
    isMoving() {
      const polled = watches().filter(({ instances }) => instances.listed() > 0);
      const periodsMs = polled.map(({ entry: { polling } }) => polling.intervalMs + polling.timeoutMs);
      return polled.length === 0 || Date.now() - checkedAt < 2 * Math.min(...periodsMs) + LATE_MS;
    },
    async close() {
      clearTimeout(planTimer);
      for (const name of all.keys()) drop(name);
      await worker.close();
    },
  };
}

function isAskedAlike(before: ServiceEntry, after: ServiceEntry): boolean {
  const asked = ({ polling, damping, discover }: ServiceEntry): string =>
    JSON.stringify([polling, damping, discover.kind === 'series' ? discover : null]);
  return asked(before) === asked(after);
}

function planOf(watches: readonly ServiceWatch[], prometheus: PrometheusAddress | null): PollPlan {
  const polled = watches.flatMap(({ entry, instances }) =>
    instances.kind === 'polled' ? [{ entry, origins: instances.origins() }] : [],
  );
  return {
    services: Object.fromEntries(polled.map(({ entry }) => [entry.name, entry.polling])),
    targets: polled.flatMap(({ entry: { name }, origins }) =>
      [...origins].map(([instance, origin]) => ({ key: `${name}\n${instance}`, service: name, origin })),
    ),
    prometheus,
    series: watches.flatMap(({ entry: { name: service, discover, polling, damping } }) => {
      if (discover.kind !== 'series') return [];
      const { label, value } = discover;
      const { successThreshold } = damping;
      return { service, label, value, intervalMs: polling.intervalMs, successThreshold };
    }),
  };
}
