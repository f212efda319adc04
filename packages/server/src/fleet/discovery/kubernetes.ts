/**
 * Lists by the EndpointSlices of a Service: listed once, then watched, so that a change shows at once. Pods that are not ready
 * are listed, too, other than by DNS. Not run against a cluster here, only against answers in the form of the API.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { asObject } from 'portal-shared/json';
import type { Discover } from '../file/discover.js';
import type { Discovered, Discovery } from './discovered.js';
import { readSlice, targetsIn, type Slice } from './endpoint-slices.js';
import { createKubernetesApi, GoneError, type Cluster } from './kubernetes-api.js';
import { checkTargets, DiscoveryError, failureOf } from './target-list.js';

export interface KubernetesDiscoveryOptions {
  readonly discover: Extract<Discover, { kind: 'kubernetes' }>;
  readonly cluster: Cluster;
  readonly onResult: (discovered: Discovered) => void;
  /** Milliseconds that a watch lasts, and between two tries where one fails. */
  readonly everyMs: number;
}

/** Between two requests of one service at least. */
const LEAST_PAUSE_MS = 1_000;

export function createKubernetesDiscovery({
  discover: { namespace, service, port },
  cluster,
  onResult,
  everyMs,
}: KubernetesDiscoveryOptions): Discovery {
  const api = createKubernetesApi(cluster);
  const closing = new AbortController();
  const selector = encodeURIComponent(`kubernetes.io/service-name=${service}`);
  const path = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices?labelSelector=${selector}`;
  const seconds = Math.max(1, Math.round(everyMs / 1_000));
  let slices = new Map<string, Slice>();
  /** `undefined`: nothing is known to go on from. */
  let version: string | undefined;
  let isWatched = false;

  function tell(): void {
    const { targets, pods } = targetsIn(slices.values(), port);
    if (!closing.signal.aborted) onResult({ kind: 'list', targets: checkTargets(targets), pods });
  }

  async function list(): Promise<void> {
    const found = await api.list(path);
    slices = new Map(found.items.map(readSlice).map((slice) => [slice.name, slice]));
    tell();
    version = found.version;
  }

  function changed(type: string, object: unknown): void {
    isWatched = true;
    if (type === 'BOOKMARK') {
      version = versionOf(object);
      return;
    }
    const slice = readSlice(object);
    if (type === 'DELETED') slices.delete(slice.name);
    else slices.set(slice.name, slice);
    tell();
    version = versionOf(object);
  }

  /** @returns milliseconds until the next request */
  async function next(): Promise<number> {
    isWatched = false;
    const isListing = version === undefined;
    try {
      if (version === undefined) await list();
      else {
        await api.watch(path, { version, seconds, onEvent: changed });
        // Nothing was missed.
        tell();
      }
      return 0;
    } catch (error) {
      version = undefined;
      // A watch that was lost is no failure until the list cannot be had either.
      if (!isListing && (isWatched || error instanceof GoneError)) return 0;
      if (isListing && !closing.signal.aborted) onResult(failureOf(error));
      return everyMs;
    }
  }

  async function run(): Promise<void> {
    while (!closing.signal.aborted) {
      const begunMs = performance.now();
      const pauseMs = Math.max(
        await next(),
        Math.min(LEAST_PAUSE_MS, everyMs) - (performance.now() - begunMs),
      );
      await sleep(Math.max(0, pauseMs), undefined, { signal: closing.signal, ref: false }).catch(
        () => undefined,
      );
    }
  }

  void run();
  return {
    close() {
      closing.abort();
      api.close();
    },
  };
}

/** @throws DiscoveryError */
function versionOf(object: unknown): string {
  const version = asObject(asObject(object)?.['metadata'])?.['resourceVersion'];
  if (typeof version !== 'string') throw new DiscoveryError('an event of Kubernetes has no version');
  return version;
}
