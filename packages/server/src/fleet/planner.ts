/**
 * Tells the poll thread what to poll, for all services at once.
 */
import type { PollPlan } from './polling/poll-thread.js';
import type { PrometheusAddress } from './prometheus/prometheus-api.js';
import type { ServiceWatch } from './service-watch.js';

export interface Planner {
  send(): void;
  /** Many services are listed within the same moment, and a plan holds all of them. */
  sendSoon(): void;
  close(): void;
}

export interface PlannerOptions {
  readonly watches: () => readonly ServiceWatch[];
  /** `null`: there is none. */
  readonly prometheus: PrometheusAddress | null;
  readonly setPlan: (plan: PollPlan) => void;
}

/** More are not watched by one process. */
const MOST_INSTANCES = 10_000;
const PLAN_MS = 50;

export function createPlanner({ watches, prometheus, setPlan }: PlannerOptions): Planner {
  let timer: NodeJS.Timeout | undefined;

  /** The first by service and instance are watched, so that the same ones are left out every time. */
  function send(): void {
    clearTimeout(timer);
    timer = undefined;
    const sorted = watches().toSorted((a, b) => (a.entry.name < b.entry.name ? -1 : 1));
    let left = MOST_INSTANCES;
    for (const watch of sorted) {
      watch.limitTo(left);
      if (watch.instances.kind === 'polled') left -= watch.instances.listed();
    }
    setPlan(planOf(sorted, prometheus));
  }

  return {
    send,
    sendSoon() {
      timer ??= setTimeout(send, PLAN_MS).unref();
    },
    close: () => clearTimeout(timer),
  };
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
