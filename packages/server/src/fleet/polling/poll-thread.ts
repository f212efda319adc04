/**
 * The thread that polls, and asks a Prometheus: handshakes and parsing never delay an answer of the service.
 */
import { setFlagsFromString } from 'node:v8';
import { serveRpc } from 'portal-shared/rpc-thread';
import type { Polling } from '../file/fleet-file.js';
import { createNetworkSet } from '../networks.js';
import type { InstanceExplanation } from '../observation.js';
import {
  createCollector,
  type Collector,
  type PlannedSeries,
  type ServiceRound,
} from '../prometheus/collector.js';
import { createPrometheusApi, type PrometheusAddress } from '../prometheus/prometheus-api.js';
import { createPinnedKeys } from '../source/pinned-keys.js';
import { createCertificates } from './certificates.js';
import { createCredentials } from './credentials.js';
import { createPollSender, type HandedPolls } from './hand-over.js';
import { createInstanceClient, type ServicePolling } from './instance-client.js';
import { createPoller, type PollTarget } from './poller.js';
import { createResolver } from './resolve.js';

/** Everything that is to be polled, and asked of a Prometheus. */
export interface PollPlan {
  readonly services: Readonly<Record<string, Polling>>;
  readonly targets: readonly PlannedTarget[];
  readonly prometheus: PrometheusAddress | null;
  readonly series: readonly PlannedSeries[];
}

export interface PlannedTarget {
  readonly key: string;
  readonly service: string;
  readonly origin: string;
}

/** What the thread tells. */
export type Collected =
  | { readonly kind: 'polls'; readonly polls: HandedPolls }
  | { readonly kind: 'explained'; readonly explained: InstanceExplanation }
  /** No poll was made for longer than an interval. */
  | { readonly kind: 'paused' }
  | { readonly kind: 'rounds'; readonly rounds: readonly ServiceRound[] };

export interface PollThreadApi {
  setPlan(plan: PollPlan): void;
}

/** Polls are handed over together, not one by one. */
const HAND_OVER_MS = 200;

// While thousands of connections are made, V8 learns that what a poll leaves behind lives long, and never unlearns it: twice the
// memory and a quarter more work, for good.
setFlagsFromString('--no-allocation-site-pretenuring');

const resolver = createResolver();
const services = new Map<string, { readonly written: string; readonly shared: ServicePolling }>();
const sender = createPollSender();
let collector: Collector | undefined;
const poller = createPoller({
  onPoll: (poll) => sender.add(poll),
  onExplained: (explained) => rpc.emit({ kind: 'explained', explained }),
  onPause: () => rpc.emit({ kind: 'paused' }),
});
const rpc = serveRpc<PollThreadApi, Collected>({ methods: () => ({ setPlan }) });

setInterval(() => {
  const polls = sender.take();
  if (polls) rpc.emit({ kind: 'polls', polls });
}, HAND_OVER_MS);

function setPlan(plan: PollPlan): void {
  const changed = new Set<string>();
  for (const [name, polling] of Object.entries(plan.services)) {
    const written = JSON.stringify(polling);
    if (services.get(name)?.written === written) continue;
    changed.add(name);
    services.set(name, { written, shared: sharedOf(polling) });
  }
  for (const name of services.keys()) if (!(name in plan.services)) services.delete(name);
  // Those of a service that is asked differently now begin anew.
  if (changed.size > 0)
    poller.setTargets(creators(plan.targets.filter(({ service }) => !changed.has(service))));
  const targets = creators(plan.targets);
  poller.setTargets(targets);
  sender.keep(new Set(targets.keys()));
  if (plan.prometheus) {
    collector ??= createCollector({
      api: createPrometheusApi(plan.prometheus),
      onRounds: (rounds) => rpc.emit({ kind: 'rounds', rounds }),
    });
  }
  collector?.setSeries(plan.series);
}

function creators(targets: readonly PlannedTarget[]): ReadonlyMap<string, () => PollTarget> {
  return new Map(targets.map((target) => [target.key, () => create(target)]));
}

function create({ key, service, origin }: PlannedTarget): PollTarget {
  const held = services.get(service);
  if (!held) throw new TypeError('A target of a service that is not in the plan.');
  const { intervalMs, timeoutMs } = held.shared.polling;
  return { key, intervalMs, timeoutMs, client: createInstanceClient(origin, held.shared, resolver) };
}

function sharedOf(polling: Polling): ServicePolling {
  return {
    polling,
    networks: createNetworkSet(polling.networks),
    credentials: polling.credentialsFile === null ? undefined : createCredentials(polling.credentialsFile),
    certificates: polling.tls ? createCertificates(polling.tls) : undefined,
    pinned: polling.release ? createPinnedKeys(polling.release) : undefined,
  };
}
