/**
 * The services of the fleet: which are watched, what the poll thread tells of them, and what is known of them by now.
 */
import type { Log } from '../infra/log.js';
import type { Discovery } from './discovery/discovered.js';
import { createDiscovery } from './discovery/discovery.js';
import type { ServiceEntry } from './file/fleet-file.js';
import type { ServiceUpdate } from './fleet-update.js';
import type { InstanceView } from './instance-list.js';
import type { Poll } from './observation.js';
import { createPlanner } from './planner.js';
import type { Collected } from './polling/poll-thread.js';
import { createPollWorker } from './polling/poll-worker.js';
import type { ServiceRound } from './prometheus/collector.js';
import type { PrometheusAddress } from './prometheus/prometheus-api.js';
import { createServiceWatch, type ServiceView, type ServiceWatch } from './service-watch.js';
import { createWatcherSight } from './watcher-sight.js';

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

/** Between two updates. */
export const UPDATE_MS = 1_000;
/** A busy machine may be this late with every poll. */
const LATE_MS = 60_000;

export interface Services {
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

export function createServices(log: Log, prometheus: PrometheusAddress | null): Services {
  const all = new Map<string, Watched>();
  let checkedAt = Date.now();
  let answeredAt = 0;
  const worker = createPollWorker({
    onCollected: receive,
    onEnd: (error) => log.failure('the watching of the fleet has ended, and begins anew', error),
  });
  const sight = createWatcherSight({
    log,
    onSeeing() {
      for (const { instances } of watches()) instances.forgetLosses();
    },
  });
  const planner = createPlanner({ watches, prometheus, setPlan: (plan) => worker.setPlan(plan) });

  function watches(): readonly ServiceWatch[] {
    return [...all.values()].map(({ watch }) => watch);
  }

  function receive(collected: Collected): void {
    if (collected.kind === 'polls') receivePolls(collected.polls);
    else if (collected.kind === 'paused') sight.goBlind();
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
    // Neither is later than now, unless the clock was set back.
    answeredAt = Math.min(answeredAt, checkedAt);
    for (const poll of polls) {
      if (poll.observation.kind === 'answered') answeredAt = Math.max(answeredAt, poll.atMs);
    }
    const isBlind = sight.isBlind();
    for (const poll of polls) {
      const [service = '', instance = ''] = poll.key.split('\n');
      const watch = all.get(service)?.watch;
      if (watch?.instances.kind !== 'polled') continue;
      watch.instances.polled(instance, poll, { isBlind, answeredAt, windowMs: watch.windowMs + UPDATE_MS });
    }
    if (polls.some(({ observation }) => observation.kind === 'void')) sight.goBlind();
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
        if (watch.discovered(found, Date.now())) planner.sendSoon();
      },
    });
  }

  function drop(name: string): void {
    all.get(name)?.discovery?.close();
    all.delete(name);
  }

  return {
    apply(entries) {
      const names = new Set(entries.map(({ name }) => name));
      for (const name of all.keys()) if (!names.has(name)) drop(name);
      for (const entry of entries) {
        const known = all.get(entry.name)?.watch.entry;
        if (JSON.stringify(known) !== JSON.stringify(entry)) begin(entry);
      }
      planner.send();
    },
    update(nowMs, reach) {
      sight.judge(
        watches().flatMap((watch) => watch.seen()),
        nowMs,
        reach,
      );
      for (const watch of watches()) watch.update(nowMs, sight.isBlind());
    },
    blindSince: () => sight.blindSince(),
    checkedAt: () => checkedAt,
    views: () => watches().map((watch) => watch.view()),
    takeUpdates: (nowMs) => watches().map((watch) => watch.takeUpdate(nowMs)),
    detail(name) {
      const watch = all.get(name)?.watch;
      return watch && { service: watch.view(), instances: watch.viewInstances() };
    },
    targets: () => watches().flatMap(targetsOf),
    isMoving: () => Date.now() - checkedAt < latestAfterMs(watches()),
    async close() {
      planner.close();
      for (const name of all.keys()) drop(name);
      await worker.close();
    },
  };
}

/** Milliseconds after which a poll must have been made; endless where nothing is to be polled. */
function latestAfterMs(watches: readonly ServiceWatch[]): number {
  const polled = watches.filter(({ instances }) => instances.listed() > 0);
  const periodsMs = polled.map(({ entry: { polling } }) => polling.intervalMs + polling.timeoutMs);
  return 2 * Math.min(...periodsMs) + LATE_MS;
}

function targetsOf({ entry: { name, polling }, instances }: ServiceWatch): readonly ServiceTargets[] {
  if (instances.kind !== 'polled') return [];
  const { scheme, path } = polling;
  return [{ service: name, scheme, path, instances: [...instances.origins().keys()] }];
}

function isAskedAlike(before: ServiceEntry, after: ServiceEntry): boolean {
  const asked = ({ polling, damping, discover }: ServiceEntry): string =>
    JSON.stringify([polling, damping, discover.kind === 'series' ? discover : null]);
  return asked(before) === asked(after);
}
