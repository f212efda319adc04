/**
 * The same twelve instances watched in three ways: directly, through a real Prometheus, and through a real VictoriaMetrics.
 * These two scrape what the first watcher lists, by its own `http_sd`, every two seconds as it asks itself.
 */
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startPostgres, startPrometheus, startVictoriaMetrics } from 'portal-test-kit';
import { makeServerFolder } from 'portal-test-kit/paths';
import type { ServiceState, Victim } from './fleet-faults.js';
import { makeCertificates, startInstance, type Instance } from './fleet-instance.js';
import {
  newAdministrator,
  runPortalCommand,
  startServiceProcess,
  WITHOUT_LIMITS,
  type Environment,
} from './service-process.js';

/** The last one speaks TLS. */
export const WATCHED = ['billing', 'mail', 'orders', 'stock'];
const APP = { script: fileURLToPath(new URL('./fleet-app.js', import.meta.url)) };
const SCRAPE_MS = 2_000;
const DEFAULTS = {
  scheme: 'http',
  interval: `${SCRAPE_MS}ms`,
  timeout: `${SCRAPE_MS}ms`,
  failure_threshold: 2,
  success_threshold: 2,
  networks: ['127.0.0.0/8'],
  expect: { instances: 3 },
};

/** By the name of the service. */
export type ServiceStates = Readonly<Record<string, ServiceState>>;

export interface CollectorsFixture {
  /** The first one watches directly. */
  readonly watchers: readonly { readonly name: string; readonly read: () => Promise<ServiceStates> }[];
  victim(service: string): Victim;
  /** Undoes whatever was done to a service. */
  mend(service: string): Promise<void>;
  close(): Promise<void>;
}

export async function startCollectors(): Promise<CollectorsFixture> {
  const steps: (() => Promise<unknown>)[] = [];
  async function close(): Promise<void> {
    for (const step of steps.splice(0).toReversed()) await step();
  }
  try {
    return { ...(await start((step) => steps.push(step))), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function start(
  undo: (step: () => Promise<unknown>) => void,
): Promise<Omit<CollectorsFixture, 'close'>> {
  // Prometheus may be another user's, and reads the authority of `stock` in it.
  const folder = await makeServerFolder('collectors');
  undo(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const postgres = await startPostgres();
  undo(() => postgres.close());
  const certificates = await makeCertificates(folder);
  const tls = { caFile: join(folder, 'ca.pem'), serverName: 'stock.example' };
  const victims = new Map<string, Victim>();

  for (const name of WATCHED) {
    const own = name === WATCHED.at(-1) ? certificates : undefined;
    const started: Instance[] = [];
    undo(() => Promise.all(started.map((one) => one.close())));
    for (let index = 0; index < 3; index += 1) started.push(await startInstance(APP, own));
    const [one, two, three] = started;
    if (!one || !two || !three) throw new TypeError('Three were started.');
    const path = join(folder, `${name}.json`);
    const list = async (content: unknown): Promise<void> => {
      await writeFile(`${path}.new`, typeof content === 'string' ? content : JSON.stringify(content));
      await rename(`${path}.new`, path);
    };
    victims.set(name, { instances: [one, two, three], list });
    await list(listOf(started));
  }

  const direct = WATCHED.map((name) => ({
    name,
    discover: { file_sd: [join(folder, `${name}.json`)] },
    ...(name === WATCHED.at(-1) && {
      scheme: 'https',
      tls: { ca_file: tls.caFile, server_name: tls.serverName },
    }),
  }));
  const scraped = WATCHED.map((name) => ({
    name,
    collector: 'prometheus',
    series: { label: 'service', value: name },
  }));

  async function startWatcher(
    name: string,
    services: readonly object[],
    settings: Environment = {},
  ): Promise<{
    readonly name: string;
    readonly url: string;
    readonly environment: Environment;
    readonly read: () => Promise<ServiceStates>;
  }> {
    const file = join(folder, `${name}.yaml`);
    await writeFile(file, JSON.stringify({ fleet: 'e2e', defaults: DEFAULTS, services }));
    const environment = {
      ...WITHOUT_LIMITS,
      DATABASE_URL: await postgres.createDatabase(),
      PORTAL_DATA_DIR: join(folder, name),
      PORTAL_FETCH_REDIS: 'off',
      PORTAL_FLEET_FILE: file,
      ...settings,
    };
    const cookie = await newAdministrator(environment, 'watcher');
    const service = await startServiceProcess(folder, environment);
    undo(() => service.stop('SIGTERM'));
    return { name, url: service.url, environment, read: () => readStates(service.url, cookie) };
  }

  const watcher = await startWatcher('direct', direct);
  const token = (await runPortalCommand(watcher.environment, 'token', 'create', '--name', 'scraper')).trim();
  const list = { url: `${watcher.url}/v1/admin/fleet/targets`, token };
  const options = { targets: [{ job: 'fleet', list, tls }], everyMs: SCRAPE_MS };
  const prometheus = await startPrometheus(options);
  undo(() => prometheus.close());
  const victoria = await startVictoriaMetrics(options);
  undo(() => victoria.close());
  return {
    watchers: [
      watcher,
      await startWatcher('prometheus', scraped, { PORTAL_PROMETHEUS_URL: prometheus.url }),
      await startWatcher('victoria-metrics', scraped, { PORTAL_PROMETHEUS_URL: victoria.url }),
    ],
    victim: (service) => victimOf(victims, service),
    async mend(service) {
      const { instances, list: write } = victimOf(victims, service);
      for (const one of instances) {
        await one.mend();
        one.program.tell('healthy');
      }
      await write(listOf(instances));
    },
  };
}

function listOf(instances: readonly Instance[]): unknown {
  return [{ targets: instances.map(({ target }) => target) }];
}

function victimOf(victims: ReadonlyMap<string, Victim>, service: string): Victim {
  const victim = victims.get(service);
  if (!victim) throw new TypeError(`There is no service ${service}.`);
  return victim;
}

async function readStates(url: string, cookie: string): Promise<ServiceStates> {
  const response = await fetch(`${url}/v1/admin/fleet`, { headers: { Cookie: cookie } });
  if (response.status !== 200) throw new Error(`The fleet was answered with ${response.status}.`);
  const { services } = (await response.json()) as { services: readonly (ServiceState & { name: string })[] };
  return Object.fromEntries(services.map(({ name, status, instances }) => [name, { status, instances }]));
}
