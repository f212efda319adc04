/**
 * Finds the instances of a service, again and again. A list that cannot be read is a failure and never an empty list: the
 * last one is kept then.
 */
import type { Discover } from '../file/discover.js';
import { listByDns, listBySrv } from './by-name.js';
import { createFileList, watchTargetFiles } from './file-sd.js';
import { createHttpList } from './http-sd.js';
import type { Discovered, Discovery } from './discovered.js';
import { OWN_CLUSTER, type Cluster } from './kubernetes-api.js';
import { createKubernetesDiscovery } from './kubernetes.js';
import { checkTargets, failureOf } from './target-list.js';

/** Where the watcher itself looks. */
export type OwnDiscover = Exclude<Discover, { kind: 'series' }>;

export interface DiscoveryOptions {
  readonly discover: OwnDiscover;
  readonly onResult: (discovered: Discovered) => void;
  /** Default: that of the machine. */
  readonly nameServer?: string | undefined;
  /** Default: the one that this is a pod of. */
  readonly cluster?: Cluster;
  /** Milliseconds between two looks; default: 30 s. */
  readonly everyMs?: number;
}

const EVERY_MS = 30_000;
/** Several changes of a file at once are one. */
const SETTLE_MS = 100;

/** Begins to look at once. */
export function createDiscovery({
  discover,
  onResult,
  nameServer,
  cluster = OWN_CLUSTER,
  everyMs = EVERY_MS,
}: DiscoveryOptions): Discovery {
  if (discover.kind === 'static') {
    onResult({ kind: 'list', targets: discover.origins });
    return { close: () => undefined };
  }
  if (discover.kind === 'kubernetes') {
    return createKubernetesDiscovery({ discover, cluster, onResult, everyMs });
  }
  const { look, close: closeList } = lister(discover, nameServer);
  const stopWatching = discover.kind === 'file_sd' ? watchTargetFiles(discover.paths, lookSoon) : undefined;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  let isLooking = false;

  async function run(): Promise<void> {
    if (isLooking) return;
    isLooking = true;
    const discovered = await attempt(look);
    isLooking = false;
    if (isClosed) return;
    onResult(discovered);
    schedule(everyMs);
  }

  function schedule(inMs: number): void {
    clearTimeout(timer);
    timer = setTimeout(() => void run(), inMs);
    timer.unref();
  }

  function lookSoon(): void {
    if (!isClosed) schedule(SETTLE_MS);
  }

  void run();
  return {
    close() {
      isClosed = true;
      clearTimeout(timer);
      stopWatching?.();
      closeList();
    },
  };
}

interface Lister {
  /** Targets that have been checked. */
  readonly look: () => Promise<readonly string[]>;
  readonly close: () => void;
}

function lister(
  discover: Exclude<OwnDiscover, { kind: 'static' | 'kubernetes' }>,
  nameServer: string | undefined,
): Lister {
  const close = (): void => undefined;
  if (discover.kind === 'file_sd') {
    const list = createFileList(discover.paths);
    return { look: async () => list(), close };
  }
  if (discover.kind === 'http_sd') {
    const list = createHttpList(discover);
    return { look: async () => checkTargets(await list.look()), close: () => list.close() };
  }
  if (discover.kind === 'dns') {
    return { look: async () => checkTargets(await listByDns(discover, nameServer)), close };
  }
  return { look: async () => checkTargets(await listBySrv(discover, nameServer)), close };
}

async function attempt(look: () => Promise<readonly string[]>): Promise<Discovered> {
  try {
    return { kind: 'list', targets: await look() };
  } catch (error) {
    return failureOf(error);
  }
}
