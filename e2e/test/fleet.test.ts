/**
 * The service watches fifteen real instances of five services, each behind a network that breaks: every fault shows as
 * what it is, within two polls and the damping, and changes nothing else.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createHealth, type Health } from 'portal-health';
import { createHealthHandler } from 'portal-health/node';
import { startPostgres, startProxy, waitFor, type PostgresServer, type Proxy } from 'portal-test-kit';
import {
  newAdministrator,
  startServiceProcess,
  WITHOUT_LIMITS,
  type ServiceProcess,
} from './service-process.js';

const SERVICES = ['billing', 'mail', 'orders', 'search', 'stock'];
const REPLICAS = 3;
const PATIENCE = { timeoutMs: 60_000, everyMs: 200 };

interface Instance {
  readonly target: string;
  readonly proxy: Proxy;
  /** What answers in its place. */
  replace(answer: Impostor['answer'] | undefined): void;
  close(): Promise<void>;
}

interface Impostor {
  readonly what: string;
  readonly answer: (requests: number) => { readonly status: number; readonly body: string };
  readonly code: string;
  /** Of the replica; another one where the watcher still remembers the test before. */
  readonly index?: number;
}

interface FleetDocument {
  readonly status: string;
  readonly blind: string | null;
  readonly codes: readonly string[];
  readonly services: readonly {
    readonly name: string;
    readonly status: string;
    readonly codes: readonly string[];
    readonly instances: Readonly<Record<string, number>>;
  }[];
}

let postgres: PostgresServer;
let folder: string;
let service: ServiceProcess;
let cookie: string;
const fleet = new Map<string, readonly Instance[]>();

before(async () => {
  postgres = await startPostgres();
  folder = await mkdtemp(join(tmpdir(), 'portal-e2e-fleet-'));
  for (const name of SERVICES) {
    fleet.set(name, await Promise.all(Array.from({ length: REPLICAS }, startInstance)));
    await list(name, targetsOf(name));
  }
  const yaml = `
fleet: e2e
defaults: { scheme: http, interval: 2s, timeout: 1s, failure_threshold: 2, success_threshold: 2, networks: [127.0.0.0/8], expect: { instances: 3 } }
services:
${SERVICES.map((name) => `  - { name: ${name}, discover: { file_sd: ['${listPath(name)}'] } }`).join('\n')}
`;
  await writeFile(join(folder, 'fleet.yaml'), yaml);
  const environment = {
    ...WITHOUT_LIMITS,
    DATABASE_URL: await postgres.createDatabase(),
    PORTAL_DATA_DIR: join(folder, 'data'),
    PORTAL_FETCH_REDIS: 'off',
    PORTAL_FLEET_FILE: join(folder, 'fleet.yaml'),
  };
  cookie = await newAdministrator(environment, 'watcher');
  service = await startServiceProcess(folder, environment);
  await untilAll('healthy');
});

after(async () => {
  await service?.stop('SIGTERM');
  await Promise.all([...fleet.values()].flat().map((one) => one.close()));
  await postgres?.close();
  await rm(folder, { recursive: true, force: true });
});

afterEach(async () => {
  for (const one of [...fleet.values()].flat()) {
    await one.proxy.heal();
    one.replace(undefined);
  }
  for (const name of SERVICES) await list(name, targetsOf(name));
  await untilAll('healthy');
});

async function startInstance(): Promise<Instance> {
  const health = await startHealth();
  let runs = 0;
  let replacement: Parameters<Instance['replace']>[0];
  const server: Server = createServer((request, response) => {
    if (!replacement) {
      createHealthHandler(health)(request, response);
      return;
    }
    runs += 1;
    const { status, body } = replacement(runs);
    response
      .writeHead(status, { Location: 'http://127.0.0.1:9/', 'Content-Type': 'application/json' })
      .end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy = await startProxy({ port: (server.address() as AddressInfo).port });
  return {
    target: `127.0.0.1:${proxy.port}`,
    proxy,
    replace(answer) {
      runs = 0;
      replacement = answer;
    },
    async close() {
      await proxy.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await health.close();
    },
  };
}

async function startHealth(): Promise<Health> {
  const health = createHealth({ checks: { work: { check: () => true, critical: true } } });
  await health.start();
  return health;
}

function targetsOf(name: string): readonly string[] {
  return (fleet.get(name) ?? []).map(({ target }) => target);
}

function listPath(name: string): string {
  return join(folder, `${name}.json`);
}

async function list(name: string, targets: readonly string[]): Promise<void> {
  await writeFile(`${listPath(name)}.new`, JSON.stringify([{ targets }]));
  await rename(`${listPath(name)}.new`, listPath(name));
}

function instance(name: string, index = 0): Instance {
  return fleet.get(name)?.[index] ?? assert.fail(name);
}

async function read(): Promise<FleetDocument> {
  const response = await fetch(`${service.url}/v1/admin/fleet`, { headers: { Cookie: cookie } });
  assert.equal(response.status, 200);
  return (await response.json()) as FleetDocument;
}

function named(document: FleetDocument, name: string): FleetDocument['services'][number] {
  return document.services.find((one) => one.name === name) ?? assert.fail(name);
}

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

/** Until `orders` stands so, with these codes; all others must be healthy all along. */
async function untilOrders(status: string, codes: readonly string[]): Promise<void> {
  let last: FleetDocument | undefined;
  await waitFor(
    `orders to be ${status} by ${codes.join()}`,
    async () => {
      last = await read();
      for (const name of SERVICES)
        if (name !== 'orders') assert.equal(named(last, name).status, 'healthy', name);
      const orders = named(last, 'orders');
      return orders.status === status && codes.every((code) => orders.codes.includes(code));
    },
    PATIENCE,
  ).catch((error: unknown) => assert.fail(`${String(error)} ${JSON.stringify(last)}`));
}

describe('one of three instances', () => {
  for (const { fault, code } of [
    { fault: 'refuse', code: 'INSTANCE_REFUSED' },
    { fault: 'drop', code: 'INSTANCE_TIMEOUT' },
    { fault: 'blackhole', code: 'INSTANCE_TIMEOUT' },
    { fault: 'half-open', code: 'INSTANCE_TIMEOUT' },
    { fault: 'trickle', code: 'INSTANCE_TIMEOUT' },
    { fault: 'reset', code: 'INSTANCE_REFUSED' },
    { fault: 'cut', code: 'INSTANCE_REFUSED' },
  ] as const) {
    test(`whose network does ${fault} is told by ${code}, and the service is degraded`, async () => {
      await instance('orders').proxy.fault(fault);
      await untilOrders('degraded', [code]);
    });
  }

  for (const { what, answer, code, index = 0 } of [
    { what: 'redirects', answer: () => ({ status: 302, body: '' }), code: 'INSTANCE_NOT_HEALTH' },
    {
      what: 'answers a page',
      answer: () => ({ status: 200, body: '<h1>healthy</h1>' }),
      code: 'INSTANCE_NOT_HEALTH',
    },
    {
      what: 'contradicts itself',
      answer: () => ({ status: 503, body: '{"status":"healthy"}' }),
      code: 'INSTANCE_CONTRADICTS',
    },
    {
      what: 'is two behind one address',
      answer: (runs: number) => ({
        status: 200,
        body: `{"status":"degraded","started_at":"2026-03-0${1 + (runs % 2)}T00:00:00Z"}`,
      }),
      code: 'FLEET_ADDRESS_SHARED',
    },
    {
      what: 'starts again and again',
      index: 1,
      answer: (runs: number) => ({
        status: 200,
        body: `{"status":"degraded","started_at":"2026-03-01T00:${String(runs).padStart(2, '0')}:00Z"}`,
      }),
      code: 'INSTANCE_RESTARTING',
    },
    {
      what: 'says what is wrong itself',
      answer: () => ({
        status: 503,
        body: '{"status":"unhealthy","errors":["It is late (DATABASE_TIMEOUT)"]}',
      }),
      code: 'DATABASE_TIMEOUT',
    },
  ] as readonly Impostor[]) {
    test(`that ${what} is told by ${code}`, async () => {
      instance('orders', index).replace(answer);
      await untilOrders('degraded', [code]);
    });
  }
});

describe('a service', () => {
  test('of which two of three are lost is unhealthy', async () => {
    await instance('orders', 0).proxy.fault('refuse');
    await instance('orders', 1).proxy.fault('blackhole');
    await untilOrders('unhealthy', ['INSTANCE_REFUSED', 'INSTANCE_TIMEOUT']);
  });

  test('whose list is empty has too few at once, and its instances are gone, not down', async () => {
    await list('orders', []);
    await untilOrders('unhealthy', ['FLEET_TOO_FEW']);
    assert.equal(named(await read(), 'orders').instances['gone'], 3);
  });

  test('whose instance is taken out of the list is healthy for now', async () => {
    await list('orders', targetsOf('orders').slice(1));
    await waitFor(
      'the one that is gone',
      async () => named(await read(), 'orders').instances['gone'] === 1,
      PATIENCE,
    );
    assert.equal(named(await read(), 'orders').status, 'healthy');
  });

  test('whose list is broken keeps the last one', async () => {
    // The one that the test before took out has been listed again.
    const isWhole = async (): Promise<boolean> => named(await read(), 'orders').instances['healthy'] === 3;
    await waitFor('all three', isWhole, PATIENCE);
    await writeFile(listPath('orders'), '<h1>Sign in</h1>');
    await untilOrders('healthy', ['FLEET_DISCOVERY_FAILED']);
    assert.ok(await isWhole());
  });
});

describe('the watcher', () => {
  test('that was stopped for a while calls nobody down', async () => {
    service.signal('SIGSTOP');
    await sleep(20_000);
    service.signal('SIGCONT');
    const untilMs = Date.now() + 15_000;
    while (Date.now() < untilMs) {
      const document = await read();
      for (const name of SERVICES) assert.ok(['healthy', 'unknown'].includes(named(document, name).status));
      await sleep(500);
    }
    await untilAll('healthy');
  });

  test('whose network loses everything at once is blind, and nothing is down; it sees again when that is over', async () => {
    const all = [...fleet.values()].flat();
    await Promise.all(all.map(({ proxy }) => proxy.fault('blackhole')));
    await waitFor(
      'blindness',
      async () => {
        const document = await read();
        for (const name of SERVICES)
          assert.ok(['healthy', 'unknown'].includes(named(document, name).status), name);
        return document.blind !== null && document.codes.includes('FLEET_BLIND');
      },
      PATIENCE,
    );
    await sleep(8_000);
    const document = await read();
    for (const name of SERVICES) assert.equal(named(document, name).status, 'unknown', name);
    await Promise.all(all.map(({ proxy }) => proxy.heal()));
    await untilAll('healthy');
  });
});
