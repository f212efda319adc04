/**
 * A service that watches fifteen real instances, three processes of each of five examples on real stores, each behind a
 * network that breaks. Those of `stock` speak TLS.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startPostgres, startRedis, waitFor } from 'portal-test-kit';
import { makeCertificates, startInstance, type Instance } from './fleet-instance.js';
import {
  newAdministrator,
  startServiceProcess,
  WITHOUT_LIMITS,
  type ServiceProcess,
} from './service-process.js';

const EXAMPLES = fileURLToPath(new URL('../../../examples/', import.meta.url));
/** Which example each service is. */
const EXAMPLE_OF: Readonly<Record<string, string>> = {
  billing: 'node.mjs',
  mail: 'koa.mjs',
  orders: 'express.mjs',
  search: 'hono.mjs',
  stock: 'fastify.mjs',
};
export const SERVICES = Object.keys(EXAMPLE_OF);
const REPLICAS = 3;
/** Polls in a row that change a state. */
const THRESHOLD = 2;
export const PATIENCE = { timeoutMs: 120_000, everyMs: 200 };

interface FleetDocument {
  readonly status: string;
  readonly checked_at: string;
  readonly blind: string | null;
  readonly codes: readonly string[];
  readonly services: readonly ServiceDocument[];
}

interface ServiceDocument {
  readonly name: string;
  readonly status: string;
  readonly codes: readonly string[];
  readonly instances: Readonly<Record<string, number>>;
}

interface InstanceDocument {
  readonly started_at: string | null;
  readonly polls_ms: readonly (number | null)[];
}

export interface FleetFixture {
  readonly service: ServiceProcess;
  instance(name: string, index?: number): Instance;
  instances(): readonly Instance[];
  targetsOf(name: string): readonly string[];
  /** Replaces the list of a service. */
  list(name: string, targets: readonly string[]): Promise<void>;
  listPath(name: string): string;
  read(): Promise<FleetDocument>;
  readService(name: string): Promise<ServiceDocument>;
  /** How the watcher's own sight changed: `blind` and `seeing`, the latest first. */
  readSight(): Promise<readonly string[]>;
  untilAll(status: string): Promise<void>;
  /** Until a service stands so, with these codes; all others must be healthy all along. */
  until(name: string, status: string, codes: readonly string[]): Promise<void>;
  /** That the first instance of a service changed within two polls and the damping. */
  assertSoon(name: string): Promise<void>;
  /** When an instance says that it started. */
  startOf(name: string, index: number): Promise<string | null>;
  /** Until all is as it was. */
  mend(): Promise<void>;
  close(): Promise<void>;
}

/** @param settings - of the service that watches */
export async function startFleetFixture(
  settings: Readonly<Record<string, string>> = {},
): Promise<FleetFixture> {
  const [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  const folder = await mkdtemp(join(tmpdir(), 'portal-e2e-fleet-'));
  const certificates = await makeCertificates(folder);
  const fleet = new Map<string, readonly Instance[]>();
  const listPath = (name: string): string => join(folder, `${name}.json`);
  const targetsOf = (name: string): readonly string[] => (fleet.get(name) ?? []).map(({ target }) => target);
  const instances = (): readonly Instance[] => [...fleet.values()].flat();

  async function list(name: string, targets: readonly string[]): Promise<void> {
    await writeFile(`${listPath(name)}.new`, JSON.stringify([{ targets }]));
    await rename(`${listPath(name)}.new`, listPath(name));
  }

  const stores = { DATABASE_URL: await postgres.createDatabase(), REDIS_URL: redis.url };
  for (const [name, example] of Object.entries(EXAMPLE_OF)) {
    const own = name === 'stock' ? certificates : undefined;
    const program = { script: `${EXAMPLES}${example}`, environment: stores };
    fleet.set(name, await Promise.all(Array.from({ length: REPLICAS }, () => startInstance(program, own))));
    await list(name, targetsOf(name));
  }
  const special: Readonly<Record<string, string>> = {
    search: 'path: /internal/health',
    stock: `scheme: https, tls: { ca_file: '${join(folder, 'ca.pem')}', server_name: stock.example }`,
  };
  await writeFile(
    join(folder, 'fleet.yaml'),
    `
fleet: e2e
defaults: { scheme: http, interval: 3s, timeout: 3s, failure_threshold: ${THRESHOLD}, success_threshold: ${THRESHOLD}, networks: [127.0.0.0/8], expect: { instances: 3 } }
services:
${SERVICES.map((name) => `  - { name: ${name}, discover: { file_sd: ['${listPath(name)}'] }${name in special ? `, ${special[name]}` : ''} }`).join('\n')}
`,
  );
  const environment = {
    ...WITHOUT_LIMITS,
    DATABASE_URL: await postgres.createDatabase(),
    PORTAL_DATA_DIR: join(folder, 'data'),
    PORTAL_FETCH_REDIS: 'off',
    PORTAL_FLEET_FILE: join(folder, 'fleet.yaml'),
  };
  const cookie = await newAdministrator(environment, 'watcher');
  const service = await startServiceProcess(folder, { ...environment, ...settings });

  async function get<Document>(path: string): Promise<Document> {
    const response = await fetch(`${service.url}/v1/admin/fleet${path}`, { headers: { Cookie: cookie } });
    assert.equal(response.status, 200, path);
    return (await response.json()) as Document;
  }
  const read = (): Promise<FleetDocument> => get('');

  async function readService(name: string): Promise<ServiceDocument> {
    return named(await read(), name);
  }

  const readInstance = (name: string, index: number): Promise<InstanceDocument> =>
    get(`/services/${name}/instances/${encodeURIComponent(targetsOf(name)[index] ?? '')}`);

  async function untilAll(status: string): Promise<void> {
    let last: FleetDocument | undefined;
    await waitFor(
      `all services to be ${status}`,
      async () => {
        last = await read();
        return SERVICES.every((name) => last && named(last, name).status === status) && last.blind === null;
      },
      PATIENCE,
    ).catch((error: unknown) => assert.fail(`${String(error)} ${JSON.stringify(last)}`));
  }

  const fixture: FleetFixture = {
    service,
    instance: (name, index = 0) => fleet.get(name)?.[index] ?? assert.fail(name),
    instances,
    targetsOf,
    list,
    listPath,
    read,
    readService,
    async readSight() {
      const { events } = await get<{ events: { service: string | null; to: string }[] }>(
        '/events?limit=1000',
      );
      return events.flatMap(({ service: of, to }) => (of === null ? to : []));
    },
    untilAll,
    async until(name, status, codes) {
      let last: FleetDocument | undefined;
      await waitFor(
        `${name} to be ${status} by ${codes.join()}`,
        async () => {
          last = await read();
          for (const other of SERVICES)
            if (other !== name) assert.equal(named(last, other).status, 'healthy', other);
          const one = named(last, name);
          return one.status === status && codes.every((code) => one.codes.includes(code));
        },
        PATIENCE,
      ).catch((error: unknown) => assert.fail(`${String(error)} ${JSON.stringify(last)}`));
    },
    async assertSoon(name) {
      const { polls_ms: polls } = await readInstance(name, 0);
      const lost = polls.length - 1 - polls.findLastIndex((ms) => ms !== null);
      // Two more may have been made until we looked.
      assert.ok(lost >= THRESHOLD && lost <= 2 + THRESHOLD + 2, JSON.stringify(polls));
    },
    startOf: async (name, index) => (await readInstance(name, index)).started_at,
    async mend() {
      for (const one of instances()) await one.mend();
      for (const name of SERVICES) await list(name, targetsOf(name));
      await untilAll('healthy');
      const isWhole = ({ services }: FleetDocument): boolean =>
        services.every(({ name, instances: of }) => !SERVICES.includes(name) || of['healthy'] === REPLICAS);
      await waitFor('all instances', async () => isWhole(await read()), PATIENCE);
    },
    async close() {
      await service.stop('SIGTERM');
      await Promise.all(instances().map((one) => one.close()));
      await Promise.all([postgres.close(), redis.close()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
  await untilAll('healthy');
  return fixture;
}

export function named(document: FleetDocument, name: string): ServiceDocument {
  return document.services.find((one) => one.name === name) ?? assert.fail(name);
}
