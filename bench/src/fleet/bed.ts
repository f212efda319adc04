/**
 * What every benchmark of the fleet runs on: simulated instances, and two services beside each other. One watches them, and
 * one watches nothing; whatever is said of the first is compared with the second in the same seconds.
 */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startPostgres, startRedis, waitFor } from 'portal-test-kit';
import { makeServerFolder } from 'portal-test-kit/paths';
import { startContender, type RunningContender } from '../process.js';
import { usageOf } from '../process-usage.js';
import { startBenchService, type RunningService } from '../service.js';
import type { Usage } from '../servers/contender.js';
import type { PollPace } from './pace.js';

const PER_SERVICE = 250;
/** One line of Prometheus' text each: those that its collector asks for. */
const METRICS = [
  '# TYPE portal_health_status gauge',
  ...['healthy', 'degraded', 'unhealthy'].map(
    (status) => `portal_health_status{status="${status}"} ${status === 'healthy' ? 1 : 0}`,
  ),
  '# TYPE portal_health_problem gauge',
  ...['DATABASE_TIMEOUT', 'CACHE_TIMEOUT'].map((code) => `portal_health_problem{code="${code}"} 0`),
  '# TYPE portal_health_start_time_seconds gauge',
  'portal_health_start_time_seconds 1772323200',
  '# TYPE portal_source_info gauge',
  `portal_source_info{hash="${'5f'.repeat(32)}",state="verified"} 1`,
  '',
].join('\n');

/** Addresses of simulated instances, `host:port`. */
export type Targets = readonly string[];

export interface InstanceProcess extends RunningContender {
  targets(count: number): Targets;
  /** Those that never answer. */
  silentTargets(count: number): Targets;
  /** How evenly they were asked since the last call. */
  pace(intervalMs: number): Promise<PollPace>;
}

/** Instances, and the service that watches all of them. */
export interface WatchedFleetRun {
  readonly instances: InstanceProcess;
  readonly watcher: RunningService;
}

/** Starts what is measured beside each other; it ends with the group. */
export interface BenchGroup {
  /** @param keepAliveMs - how long they keep an unused connection */
  startInstances(keepAliveMs?: number): Promise<InstanceProcess>;
  /** A service as `idle`, with a fleet file besides. */
  startWatcher(fleetFile: string, settings?: Readonly<Record<string, string>>): Promise<RunningService>;
  /** So many instances that answer, and a service that polls them. */
  watch(name: string, count: number, intervalMs: number, keepAliveMs?: number): Promise<WatchedFleetRun>;
  /** Has something else end with the group. */
  keep<Closable extends { close(): Promise<unknown> }>(started: Promise<Closable>): Promise<Closable>;
}

export interface Bed {
  /** Watches nothing but itself. */
  readonly idle: RunningService;
  /** A file of this benchmark with `text` in it. */
  file(name: string, text: string): Promise<string>;
  group<Result>(work: (group: BenchGroup) => Promise<Result>): Promise<Result>;
}

type Undo = (step: () => Promise<unknown>) => void;

/** Measures on a bed of its own, which ends with it. */
export function onBed(work: (bed: Bed) => Promise<string>): () => Promise<string> {
  return () => undoing(async (undo) => work(await makeBed(undo)));
}

/** Undoes whatever `work` has done, the last first, however it ends. */
async function undoing<Result>(work: (undo: Undo) => Promise<Result>): Promise<Result> {
  const steps: (() => Promise<unknown>)[] = [];
  try {
    return await work((step) => steps.push(step));
  } finally {
    for (const step of steps.toReversed()) await step();
  }
}

async function makeBed(undo: Undo): Promise<Bed> {
  // A Prometheus may be another user's, and reads lists in it.
  const folder = await makeServerFolder('bench-fleet');
  undo(() => rm(folder, { recursive: true, force: true }));
  const postgres = await startPostgres();
  undo(() => postgres.close());
  const redis = await startRedis();
  undo(() => redis.close());
  let services = 0;

  async function startService(
    settings: Readonly<Record<string, string>>,
    undoIt: Undo,
  ): Promise<RunningService> {
    services += 1;
    const service = await startBenchService({
      DATABASE_URL: await postgres.createDatabase(),
      REDIS_URL: redis.url,
      PORTAL_DATA_DIR: join(folder, `data-${services}`),
      ...settings,
    });
    undoIt(() => service.close());
    return service;
  }

  const idle = await startService({}, undo);
  const file: Bed['file'] = async (name, text) => {
    const path = join(folder, name);
    await writeFile(path, text);
    return path;
  };

  function groupOf(undoIt: Undo): BenchGroup {
    const keep: BenchGroup['keep'] = async (started) => {
      const kept = await started;
      undoIt(() => kept.close());
      return kept;
    };
    const startInstancesOf: BenchGroup['startInstances'] = (keepAliveMs = 75_000) =>
      keep(startInstances(idle.port, keepAliveMs));
    const startWatcher: BenchGroup['startWatcher'] = (fleetFile, settings = {}) =>
      startService({ PORTAL_FLEET_FILE: fleetFile, ...settings }, undoIt);
    return {
      startInstances: startInstancesOf,
      startWatcher,
      async watch(name, count, intervalMs, keepAliveMs) {
        const instances = await startInstancesOf(keepAliveMs);
        const fleet = await writeFleet({ file }, name, instances.targets(count), intervalMs);
        return { instances, watcher: await startWatcher(fleet) };
      },
      keep,
    };
  }

  return { idle, file, group: (work) => undoing((undoIt) => work(groupOf(undoIt))) };
}

/** They answer what the service at `port` answers when it is well, which on a busy machine it is not always. */
async function startInstances(port: number, keepAliveMs: number): Promise<InstanceProcess> {
  const real = await fetch(`http://127.0.0.1:${port}/health`);
  const body = JSON.stringify({ ...((await real.json()) as object), status: 'healthy', errors: [] });
  const process = await startContender('fleet-instances', {
    SAME_BYTES: JSON.stringify({
      headers: { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) },
      body,
    }),
    METRICS,
    KEEP_ALIVE_MS: String(keepAliveMs),
  });
  const targets = (net: number, count: number): Targets =>
    Array.from({ length: count }, (_, index) => `127.${net}.${index >> 8}.${index & 255}:${process.port}`);
  return {
    ...process,
    targets: (count) => targets(1, count),
    silentTargets: (count) => targets(2, count),
    async pace(intervalMs) {
      const response = await fetch(`http://127.0.0.1:${process.port}/pace/${intervalMs}`);
      return (await response.json()) as PollPace;
    },
  };
}

/** Services of 250 instances each: Prometheus' list of them, and the fleet file that reads it. */
export async function writeFleet(
  { file }: Pick<Bed, 'file'>,
  name: string,
  targets: Targets,
  intervalMs: number,
): Promise<string> {
  const services = await Promise.all(
    Array.from({ length: Math.ceil(targets.length / PER_SERVICE) }, async (_, index) => {
      const own = targets.slice(index * PER_SERVICE, (index + 1) * PER_SERVICE);
      const list = await file(`${name}-${index}.json`, JSON.stringify([{ targets: own }]));
      return { name: `service-${index}`, discover: { file_sd: [list] }, expect: { instances: own.length } };
    }),
  );
  const defaults = { scheme: 'http', interval: `${intervalMs}ms`, networks: ['127.0.0.0/8'] };
  return file(`${name}.yaml`, JSON.stringify({ fleet: name, defaults, services }));
}

/** How the instances stand that `service` watches, all services together, itself left out. */
export async function countInstances(service: RunningService): Promise<Readonly<Record<string, number>>> {
  const response = await fetch(`http://127.0.0.1:${service.port}/v1/admin/fleet`, {
    headers: { Cookie: `psession=${service.session}` },
  });
  const { services } = (await response.json()) as {
    services: readonly { name: string; instances: Readonly<Record<string, number>> }[];
  };
  const sums: Record<string, number> = {};
  for (const { name, instances } of services) {
    if (name === 'portal') continue;
    for (const [state, count] of Object.entries(instances)) sums[state] = (sums[state] ?? 0) + count;
  }
  return sums;
}

/** Waits until it knows as many instances in each of these states, and no others. */
export async function untilKnown(
  service: RunningService,
  states: Readonly<Record<string, number>>,
): Promise<void> {
  await waitFor(
    `the watcher to know ${JSON.stringify(states)}`,
    async () => {
      const counts = await countInstances(service);
      return Object.entries(counts).every(([state, count]) => count === (states[state] ?? 0));
    },
    { timeoutMs: 180_000, everyMs: 1_000 },
  );
}

/** What processes used within `durationMs`, in the same seconds. */
export async function usedWithin(
  durationMs: number,
  contenders: readonly (() => Promise<Usage>)[],
): Promise<readonly Usage[]> {
  const before = await Promise.all(contenders.map((usage) => usage()));
  await sleep(durationMs);
  const after = await Promise.all(contenders.map((usage) => usage()));
  return after.map(({ cpuMs, rssBytes }, index) => ({
    cpuMs: cpuMs - (before[index]?.cpuMs ?? 0),
    rssBytes,
  }));
}

/** The whole process of a service. */
export function usageOfService({ pid }: { readonly pid: number }): () => Promise<Usage> {
  return () => Promise.resolve(usageOf(pid));
}
