/**
 * The services of the fleet: what the poll thread tells of those that are watched, and what is known of them by now.
 */
import type { Log } from '../infra/log.js';
import type { ServiceEntry } from './file/fleet-file.js';
import type { ServiceUpdate } from './fleet-update.js';
import type { InstanceView } from './instances.js';
import type { InstanceExplanation, Poll } from './observation.js';
import { createPlanner } from './planner.js';
import { createPollReceiver } from './polling/hand-over.js';
import type { Collected } from './polling/poll-thread.js';
import { createPollWorker } from './polling/poll-worker.js';
import type { ServiceRound } from './prometheus/collector.js';
import type { PrometheusAddress } from './prometheus/prometheus-api.js';
import type { ServiceView, ServiceWatch } from './service-watch.js';
import { createWatchedServices } from './watched-services.js';
import { createWatcherSight } from './watcher-sight.js';

export interface ServiceDetail {
  readonly service: ServiceView;
  readonly instances: readonly InstanceView[];
}

/** What of a service is watched by one scheme, and where it is asked. */
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

export function createServices(log: Log, prometheus: PrometheusAddress | null): Services {
  let checkedAt = Date.now();
  let answeredAt = 0;
  const services = createWatchedServices({ log, onListed: () => planner.sendSoon() });
  const polls = createPollReceiver();
  const worker = createPollWorker({
    onCollected: receive,
    onEnd: (error) => log.failure('the watching of the fleet has ended, and begins anew', error),
  });
  const sight = createWatcherSight({
    log,
    onSeeing() {
      for (const { instances } of services.all()) instances.forgetLosses();
    },
  });
  const planner = createPlanner({
    watches: () => services.all(),
    prometheus,
    setPlan(plan) {
      polls.keep(new Set(plan.targets.map(({ key }) => key)));
      worker.setPlan(plan);
    },
  });

  function receive(collected: Collected): void {
    if (collected.kind === 'polls') receivePolls(polls.open(collected.polls));
    else if (collected.kind === 'explained') receiveReasons(collected.explained);
    else if (collected.kind === 'paused') sight.goBlind();
    else for (const round of collected.rounds) receiveRound(round);
  }

  function receiveReasons({ key, reasons }: InstanceExplanation): void {
    const { service, instance } = placeIn(key);
    const instances = services.get(service)?.instances;
    if (instances?.kind === 'polled') instances.explained(instance, reasons);
  }

  function receiveRound(round: ServiceRound): void {
    services.scraped(round);
    if (round.found.kind === 'round') checkedAt = Date.now();
  }

  function receivePolls(made: readonly Poll[]): void {
    checkedAt = Date.now();
    // Neither is later than now, unless the clock was set back.
    answeredAt = Math.min(answeredAt, checkedAt);
    for (const poll of made) {
      if (poll.observation.kind === 'answered') answeredAt = Math.max(answeredAt, poll.atMs);
    }
    const isBlind = sight.isBlind();
    for (const poll of made) {
      const { service, instance } = placeIn(poll.key);
      const watch = services.get(service);
      if (watch?.instances.kind !== 'polled') continue;
      watch.instances.polled(instance, poll, { isBlind, answeredAt, windowMs: watch.windowMs + UPDATE_MS });
    }
    if (made.some(({ observation }) => observation.kind === 'void')) sight.goBlind();
  }

  return {
    apply(entries) {
      services.apply(entries);
      planner.send();
    },
    update(nowMs, reach) {
      sight.judge(
        services.all().flatMap((watch) => watch.seen()),
        nowMs,
        reach,
      );
      for (const watch of services.all()) watch.update(nowMs, sight.isBlind());
    },
    blindSince: () => sight.blindSince(),
    checkedAt: () => checkedAt,
    views: () => services.all().map((watch) => watch.view()),
    takeUpdates: (nowMs) => services.all().map((watch) => watch.takeUpdate(nowMs)),
    detail(name) {
      const watch = services.get(name);
      return watch && { service: watch.view(), instances: watch.viewInstances() };
    },
    targets: () => services.all().flatMap(targetsOf),
    isMoving: () => Date.now() - checkedAt < latestAfterMs(services.all()),
    async close() {
      planner.close();
      services.close();
      await worker.close();
    },
  };
}

function placeIn(key: string): { readonly service: string; readonly instance: string } {
  const [service = '', instance = ''] = key.split('\n');
  return { service, instance };
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
  // A target may say its own.
  const byScheme = new Map<string, string[]>();
  for (const [instance, origin] of instances.origins()) {
    const own = new URL(origin).protocol.slice(0, -1);
    const others = byScheme.get(own);
    if (others) others.push(instance);
    else byScheme.set(own, [instance]);
  }
  if (byScheme.size === 0) byScheme.set(scheme, []);
  return [...byScheme].map(([own, listed]) => ({ service: name, scheme: own, path, instances: listed }));
}
