/**
 * The fleet as the API gives it: now, as it becomes known, and as it was.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startPostgres, waitFor, type PostgresServer } from 'portal-test-kit';
import { ADMIN } from '../../src/auth/permission.js';
import { sendRequest } from '../request.js';
import { startService, type TestService } from '../service.js';
import { openStream } from '../stream.js';
import { answerWith, startHost, type Host } from './hosts.js';

const PATIENCE = { timeoutMs: 60_000, everyMs: 100 };
const UNWELL = { status: 'unhealthy', errors: ['The database does not answer in time (DATABASE_TIMEOUT)'] };

let postgres: PostgresServer;
let folder: string;
let hosts: readonly Host[];
let service: TestService;
let admin: string;
let isWell = true;

before(async () => {
  postgres = await startPostgres();
  folder = await mkdtemp(join(tmpdir(), 'portal-fleet-api-'));
  const first = await startHost((request, response) =>
    answerWith(isWell ? { status: 'healthy', errors: [] } : UNWELL, isWell ? 200 : 503)(request, response),
  );
  const others = await Promise.all(
    Array.from({ length: 2 }, () => startHost(answerWith({ status: 'healthy', errors: [] }))),
  );
  hosts = [first, ...others];
  const path = join(folder, 'fleet.yaml');
  await writeFile(
    path,
    `
defaults: { interval: 2s, timeout: 2s, failure_threshold: 1, success_threshold: 1 }
services:
  - { name: orders, labels: { team: shop }, discover: { static: ${JSON.stringify(hosts.map(({ origin }) => origin))} } }
`,
  );
  service = await startService({
    databaseUrl: await postgres.createDatabase(),
    environment: { PORTAL_FLEET_FILE: path },
  });
  admin = await service.sessionCookie(ADMIN);
});

after(async () => {
  await service?.close();
  await Promise.all(hosts?.map((host) => host.close()) ?? []);
  await postgres?.close();
  if (folder) await rm(folder, { recursive: true, force: true });
});

async function read<Document = Record<string, unknown>>(path: string, status = 200): Promise<Document> {
  const response = await sendRequest(service.url, `/v1/admin/fleet${path}`, { cookie: admin });
  assert.equal(response.status, status, response.body);
  return response.json as Document;
}

interface FleetService {
  readonly name: string;
  readonly status: string;
  readonly cells: string;
}

async function untilStatus(status: string): Promise<void> {
  await waitFor(
    `orders to be ${status}`,
    async () => {
      const { services } = await read<{ services: readonly FleetService[] }>('');
      return services.some((one) => one.name === 'orders' && one.status === status);
    },
    PATIENCE,
  );
}

describe('the fleet', { concurrency: false }, () => {
  test('is told as it becomes known: the whole of it, and then what has changed', async () => {
    await untilStatus('healthy');
    const stream = await openStream(service.url, '/v1/admin/fleet/live', admin);
    const whole = await stream.until('fleet');
    const services = whole.data['services'] as readonly FleetService[];
    assert.deepEqual(services.map(({ name }) => name).toSorted(), ['orders', 'portal']);
    isWell = false;
    const changed = await stream.until('delta', ({ services: of }) =>
      (of as readonly FleetService[]).some(({ name, status }) => name === 'orders' && status === 'degraded'),
    );
    const orders = (changed.data['services'] as readonly FleetService[]).find(
      ({ name }) => name === 'orders',
    );
    assert.match(orders?.cells ?? '', /^(uhh|huh|hhu)$/);
    stream.close();
  });

  test('has its instances in pages, the worst first, and filters', async () => {
    await untilStatus('degraded');
    const path = '/services/orders';
    interface Page {
      readonly instances: readonly { readonly instance: string; readonly state: string }[];
      readonly more: number;
      readonly next: string | null;
    }
    const first = await read<Page>(`${path}?limit=1`);
    assert.deepEqual([first.instances[0]?.state, first.more], ['unhealthy', 2]);
    const rest = await read<Page>(`${path}?before=${encodeURIComponent(first.next ?? '')}`);
    assert.deepEqual([rest.instances.map(({ state }) => state), rest.next], [['healthy', 'healthy'], null]);
    assert.equal((await read<Page>(`${path}?state=unhealthy`)).instances.length, 1);
    for (const query of ['limit=0', 'limit=10001', 'state=fine', 'before=x'])
      await read(`${path}?${query}`, 400);
    const instance = first.instances[0]?.instance ?? '';
    const one = await read(`${path}/instances/${encodeURIComponent(instance)}`);
    assert.deepEqual(one['codes'], ['DATABASE_TIMEOUT']);
    await read(`${path}/instances/nothing`, 404);
    const named = await read<{ services: readonly FleetService[] }>('?label=team:shop&status=degraded');
    assert.deepEqual(
      named.services.map(({ name }) => name),
      ['orders'],
    );
  });

  test('has a past: what happened, and how it was minute by minute', async () => {
    isWell = true;
    await untilStatus('healthy');
    interface Event {
      readonly id: number;
      readonly instance: string | null;
      readonly to: string;
    }
    let events: readonly Event[] = [];
    await waitFor('the events', async () => {
      ({ events } = await read<{ events: readonly Event[] }>('/events?service=orders'));
      return (
        events.some(({ instance, to }) => instance === null && to === 'degraded') &&
        events[0]?.to === 'healthy'
      );
    });
    const ofService = events.filter(({ instance }) => instance === null).map(({ to }) => to);
    assert.deepEqual(ofService.slice(0, 2), ['healthy', 'degraded']);
    const page = await read<{ events: readonly Event[]; next: number }>('/events?limit=1');
    assert.equal(page.next, page.events[0]?.id);
    await waitFor(
      'the minutes',
      async () => {
        const response = await sendRequest(service.url, '/v1/admin/fleet/services/orders/history?step=60', {
          cookie: admin,
        });
        return (
          (response.json['usable'] as (number | null)[] | undefined)?.some((usable) => usable !== null) ===
          true
        );
      },
      PATIENCE,
    );
    await read('/services/nothing/history', 404);
    await read('/services/orders/history?from=2026-01-02&to=2026-01-01', 400);
  });

  test('has its healthy time: that of the others as it was watched, and its own with its parts', async () => {
    interface Time {
      readonly ranges: readonly {
        readonly days: number;
        readonly healthy_ms: number;
        readonly degraded_ms: number;
      }[];
      readonly parts: readonly { readonly part: string }[];
      readonly days: readonly { readonly date: string; readonly unmeasured_ms: number }[];
      readonly time_zone: string;
    }
    let time: Time | undefined;
    await waitFor(
      'the time in which it was degraded',
      async () => {
        time = await read<Time>('/services/orders/healthy-time?time_zone=Pacific/Auckland');
        return time.ranges.every(({ healthy_ms, degraded_ms }) => healthy_ms > 0 && degraded_ms > 0);
      },
      PATIENCE,
    );
    assert.deepEqual(
      time?.ranges.map(({ days }) => days),
      [1, 7, 30, 90],
    );
    assert.deepEqual([time?.days.length, time?.time_zone, time?.parts], [90, 'Pacific/Auckland', []]);
    const today = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Pacific/Auckland' }).format(Date.now());
    assert.equal(time?.days.at(-1)?.date, today);
    const own = await read<Time>('/services/portal/healthy-time');
    const { healthy_ms = 0, degraded_ms = 0 } = own.ranges[0] ?? {};
    assert.ok(healthy_ms + degraded_ms > 0);
    assert.deepEqual(own.parts.map(({ part }) => part).slice(0, 2), ['database', 'cache']);
    await read('/services/nothing/healthy-time', 404);
    for (const zone of ['Europe/Nowhere', '', '%00', 'Europe%2FBerlin%20']) {
      await read(`/services/orders/healthy-time?time_zone=${zone}`, 400);
    }
  });
});
