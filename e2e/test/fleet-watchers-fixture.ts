/**
 * Three services that watch one fleet, each over ways of its own that can be cut, two real Alertmanagers in a cluster with the
 * configuration that we ship, and one receiver of all messages. The watched instances say what the scene wants.
 */
import { once } from 'node:events';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import {
  PEER_TIMEOUT_MS,
  startAlertmanager,
  startPostgres,
  startProxy,
  startReceiver,
  startRedis,
  throughPort,
  waitFor,
  type Alertmanager,
  type Fault,
  type TestReceiver,
} from 'portal-test-kit';
import { makeServerFolder } from 'portal-test-kit/paths';
import { startServiceProcess, WITHOUT_LIMITS, type ServiceProcess } from './service-process.js';

export interface Watcher {
  /** Its place at the receiver: messages to `/generic/…` of it. */
  readonly path: string;
  process(): ServiceProcess;
  /** Starts it, again with what it has kept. */
  start(): Promise<void>;
  /** What all of its ways do from now on, those to its stores, or those to all else. */
  fault(which: 'stores' | 'rest', fault: Fault | undefined): Promise<void>;
}

export interface WatchersFixture {
  readonly watchers: readonly Watcher[];
  readonly alertmanagers: readonly Alertmanager[];
  readonly receiver: TestReceiver;
  /** How the only instance of a service is from now on. */
  readonly tell: (service: string, isWell: boolean) => void;
  close(): Promise<void>;
}

const SHIPPED = new URL('../../../deploy/prometheus/alertmanager.yml', import.meta.url);
const WATCHERS = 3;
/** Milliseconds between two looks of an Alertmanager at one incident: longer than the second waits for the first. */
export const LOOKS_EVERY_MS = 3 * PEER_TIMEOUT_MS;
/** A busy machine that holds the instances up for some seconds has lost none of them. */
const DEFAULTS = { interval: '3s', timeout: '3s', failure_threshold: 4, success_threshold: 2 };
const UNWELL = JSON.stringify({
  status: 'unhealthy',
  errors: ['The database does not answer in time (DATABASE_TIMEOUT)'],
});
const WELL = JSON.stringify({ status: 'healthy', errors: [] });

export async function startWatchers(services: readonly string[]): Promise<WatchersFixture> {
  const steps: (() => unknown)[] = [];
  async function close(): Promise<void> {
    for (const step of steps.splice(0).toReversed()) await step();
  }
  try {
    return { ...(await start(services, (step) => steps.push(step))), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function start(services: readonly string[], undo: (step: () => unknown) => void) {
  const folder = await makeServerFolder('watchers');
  undo(() => rm(folder, { recursive: true, force: true }));
  const receiver = await startReceiver();
  undo(() => receiver.close());
  const alertmanagers = await startCluster(receiver.url, undo);
  const [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  undo(() => Promise.all([postgres.close(), redis.close()]));
  const instances = await startInstances();
  undo(() => instances.close());
  const stores = { databaseUrl: await postgres.createDatabase(), redisUrl: redis.url };
  const watchers: Watcher[] = [];
  for (let index = 0; index < WATCHERS; index += 1) {
    const place = { folder: join(folder, `watcher-${index}`), path: `/generic/${index}` };
    const all = { receiver, alertmanagers, instances, stores, services };
    const watcher = await createWatcher(place, all, undo);
    watchers.push(watcher);
    await watcher.start();
  }
  return { watchers, alertmanagers, receiver, tell: instances.tell };
}

/** The configuration that we ship, faster, and to the receiver of the test. */
async function startCluster(
  receiverUrl: string,
  undo: (step: () => unknown) => void,
): Promise<readonly Alertmanager[]> {
  const configuration = (await readFile(SHIPPED, 'utf8'))
    .replaceAll('http://127.0.0.1:9094', receiverUrl)
    .replaceAll(/group_wait: \d+s/g, 'group_wait: 1s')
    .replaceAll('group_interval: 1m', `group_interval: ${LOOKS_EVERY_MS}ms`);
  const first = await startAlertmanager({ configuration });
  undo(() => first.close());
  const second = await startAlertmanager({ configuration, peers: [first.clusterAddress] });
  undo(() => second.close());
  const all = [first, second];
  await waitFor(
    'the cluster',
    async () => (await Promise.all(all.map((one) => one.members()))).every((members) => members === 2),
    { timeoutMs: 120_000, everyMs: 200 },
  );
  return all;
}

async function startInstances() {
  const unwell = new Set<string>();
  const server = createServer((request, response) => {
    const isWell = !unwell.has(request.url?.slice(1) ?? '');
    response
      .writeHead(isWell ? 200 : 503, { 'Content-Type': 'application/json' })
      .end(isWell ? WELL : UNWELL);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    tell: (service: string, isWell: boolean) => {
      if (isWell) unwell.delete(service);
      else unwell.add(service);
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

interface Surroundings {
  readonly receiver: TestReceiver;
  readonly alertmanagers: readonly Alertmanager[];
  readonly instances: { readonly port: number };
  readonly stores: { readonly databaseUrl: string; readonly redisUrl: string };
  readonly services: readonly string[];
}

async function createWatcher(
  { folder, path }: { readonly folder: string; readonly path: string },
  { receiver, alertmanagers, instances, stores, services }: Surroundings,
  undo: (step: () => unknown) => void,
): Promise<Watcher> {
  const way = async (port: number | string) => {
    const proxy = await startProxy({ port: Number(port) });
    undo(() => proxy.close());
    return proxy;
  };
  const database = await way(new URL(stores.databaseUrl).port);
  const cache = await way(new URL(stores.redisUrl).port);
  const polls = await way(instances.port);
  const messages = await way(new URL(receiver.url).port);
  const alerts = await Promise.all(alertmanagers.map(({ url }) => way(new URL(url).port)));

  await mkdir(folder);
  await writeFile(
    join(folder, 'fleet.json'),
    JSON.stringify({
      fleet: 'prod',
      reach: `127.0.0.1:${polls.port}`,
      defaults: DEFAULTS,
      services: services.map((name) => ({
        name,
        path: `/${name}`,
        discover: { static: [`http://127.0.0.1:${polls.port}`] },
      })),
    }),
  );
  const environment = {
    ...WITHOUT_LIMITS,
    DATABASE_URL: throughPort(stores.databaseUrl, database.port),
    REDIS_URL: throughPort(stores.redisUrl, cache.port),
    PORTAL_DATA_DIR: join(folder, 'data'),
    PORTAL_FETCH_REDIS: 'off',
    PORTAL_FLEET_FILE: join(folder, 'fleet.json'),
    PORTAL_ALERTMANAGERS: alerts.map(({ port }) => `http://127.0.0.1:${port}`).join(),
    PORTAL_ALERT_WEBHOOKS: `generic+http://127.0.0.1:${messages.port}${path}`,
    PORTAL_ALERT_WEBHOOK_SECRET: receiver.secret,
  };
  let service: ServiceProcess | undefined;
  undo(() => service?.stop('SIGKILL'));

  return {
    path,
    process() {
      if (!service) throw new TypeError('It was not started.');
      return service;
    },
    async start() {
      service = await startServiceProcess(folder, environment);
    },
    async fault(which, fault) {
      const ways = which === 'stores' ? [database, cache] : [polls, messages, ...alerts];
      await Promise.all(ways.map((one) => (fault === undefined ? one.heal() : one.fault(fault))));
    },
  };
}
