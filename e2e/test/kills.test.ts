/**
 * The service killed fifty times under load, with alerts under way: what it has kept and what it has to tell are whole.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  messageData,
  startProxy,
  startReceiver,
  throughPort,
  waitFor,
  type ReceivedMessage,
} from 'portal-test-kit';
import { hasSamples, startHistoryFixture, type HistoryFixture } from './history-fixture.js';
import { startServiceProcess, type ServiceProcess } from './service-process.js';

const KILLS = 50;
/** Of a start on a busy machine. */
const PATIENCE = { timeoutMs: 120_000 };

let fixture: HistoryFixture;

before(async () => {
  fixture = await startHistoryFixture();
});

after(() => fixture?.close());

async function mayRead(url: string): Promise<boolean> {
  const response = await fetch(`${url}/v1/admin/events?limit=1`, { headers: { Cookie: fixture.cookie } });
  await response.body?.cancel();
  return response.status === 200;
}

function idOf({ headers }: ReceivedMessage): string {
  return String(headers['webhook-id']);
}

/** Asks without a pause until it is stopped, or the service no longer answers. */
async function load(url: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await fetch(`${url}/v1/admin/health`, { headers: { Cookie: fixture.cookie } })
      .then((response) => response.arrayBuffer())
      .catch(() => sleep(20));
  }
}

interface ToldIncident {
  readonly incident: { readonly id: string; readonly kind: string; readonly ended_at: string | null };
  readonly alerts: readonly {
    readonly message: string;
    readonly transition: string;
    readonly state: string;
  }[];
}

async function toldIncidents(url: string): Promise<readonly ToldIncident[]> {
  const { json } = await fixture.read(url, 'incidents?limit=200');
  const details: ToldIncident[] = [];
  for (const { id } of json['incidents'] as { id: string }[]) {
    details.push((await fixture.read(url, `incidents/${id}`)).json as unknown as ToldIncident);
  }
  return details;
}

/** A service that changed to and fro for minutes flaps, and is not called well before a quarter of an hour without a change. */
function isToldToItsEnd(
  { incident, alerts }: ToldIncident,
  _: number,
  all: readonly ToldIncident[],
): boolean {
  if (alerts.some(({ state }) => state !== 'accepted')) return false;
  if (incident.ended_at === null) {
    const isFlapping = all.some(
      (other) => other.incident.kind === 'flapping' && other.incident.ended_at === null,
    );
    return isFlapping && ['flapping', 'health'].includes(incident.kind) && alerts.length > 0;
  }
  return alerts.length === 0 || alerts.at(-1)?.transition === 'ended';
}

test(`${KILLS} kills under load: the file opens again, five seconds are lost at most, and no alert`, async (t) => {
  const { redis, folder, stores, read } = fixture;
  const receiver = await startReceiver();
  t.after(() => receiver.close());
  const cache = await startProxy({ port: redis.port });
  t.after(() => cache.close());
  const database = await startProxy({ port: Number(new URL(stores['DATABASE_URL'] ?? '').port) });
  t.after(() => database.close());
  receiver.respondWith((attempt) => (attempt % 3 === 0 ? 503 : 200));
  const environment = {
    ...stores,
    DATABASE_URL: throughPort(stores['DATABASE_URL'] ?? '', database.port),
    REDIS_URL: `redis://127.0.0.1:${cache.port}`,
    PORTAL_DATA_DIR: join(folder, 'killed'),
    PORTAL_INTERVAL_MS: '100',
    ...receiver.alertSettings('generic'),
  };
  let service: ServiceProcess | undefined;
  t.after(() => service?.stop('SIGKILL'));
  let killedAt = 0;
  let longestLossMs = 0;

  async function assertNothingLost(started: ServiceProcess): Promise<void> {
    const { json } = await read(started.url, 'events?limit=200');
    const runs = (json['events'] as { kind: string; ended_at: string; details: { end?: string } }[]).filter(
      ({ kind }) => kind === 'service',
    );
    assert.equal(runs[1]?.details.end, 'lost');
    const { json: history } = await read(started.url, 'history?step=5');
    assert.ok(hasSamples(history), 'what the first life wrote is still there');
    longestLossMs = Math.max(longestLossMs, killedAt - Date.parse(runs[1]?.ended_at ?? ''));
    const log = started.logged();
    assert.ok(!/damaged|in memory only/.test(log), log);
  }

  for (let kill = 0; kill < KILLS; kill += 1) {
    service = await startServiceProcess(folder, environment);
    const { url } = service;
    // Without it nobody may read what was kept.
    await database.heal();
    await waitFor(`the session to count after ${kill} kills`, () => mayRead(url), PATIENCE);
    if (kill > 0) await assertNothingLost(service);
    // A life of less than a second may end before it has written anything: the first one does not.
    else
      await waitFor(
        'the first samples',
        async () => hasSamples((await fixture.read(url, 'history')).json),
        PATIENCE,
      );
    const busy = new AbortController();
    const clients = Array.from({ length: 4 }, () => load(url, busy.signal));
    // The stores come and go, so that alerts are always under way, and are away at some of the kills and of the starts after
    // them. Incidents are looked for once a second.
    await (Math.random() < 0.5 ? cache.fault('refuse') : cache.heal());
    if (kill % 5 === 1) await Promise.all([cache.fault('refuse'), database.fault('refuse')]);
    await sleep(500 + Math.random() * 4_500);
    killedAt = Date.now();
    await service.stop('SIGKILL');
    busy.abort();
    await Promise.all(clients);
  }
  assert.ok(longestLossMs <= 5_000, `${longestLossMs} ms were lost`);

  await Promise.all([cache.heal(), database.heal()]);
  service = await startServiceProcess(folder, environment);
  const { url } = service;
  let told: readonly ToldIncident[] = [];
  let acceptedBefore = 0;
  await waitFor(
    'every message of every incident, and only those of a service that flaps still open',
    async () => {
      acceptedBefore = receiver.accepted.length;
      told = await toldIncidents(url);
      return told.length > 0 && told.every(isToldToItsEnd);
    },
    { timeoutMs: 90_000 },
  );
  /** Each that was accepted, once, in the order of its first arrival. */
  const order = [...new Map(receiver.accepted.map((message) => [idOf(message), message])).values()];
  for (const { incident, alerts } of told) {
    const messages = order.filter((message) => messageData(message)['incident'] === incident.id);
    assert.deepEqual(
      messages.map(idOf),
      alerts.map(({ message }) => message),
      'in order, none lost, none twice, and what arrived is what is said to have been sent',
    );
    const types = messages.map(({ json }) => String(json['type']));
    if (types.length === 0) continue;
    assert.equal(
      types[0],
      'incident.began',
      'what is said of an incident besides is said of one that has begun',
    );
    assert.equal(types.indexOf('incident.ended'), incident.ended_at === null ? -1 : types.length - 1);
    assert.equal(new Set(types).size, types.length, types.join());
  }
  // A busy machine may begin another one while these are read.
  const known = new Set(told.map(({ incident }) => incident.id));
  for (const message of receiver.accepted.slice(0, acceptedBefore))
    assert.ok(known.has(String(messageData(message)['incident'])), 'and of no other incident');
  const accepted = new Map(receiver.accepted.map((message) => [idOf(message), message.body]));
  for (const message of receiver.received) {
    assert.equal(accepted.get(idOf(message)), message.body, 'none is lost, and every attempt says the same');
  }
  t.diagnostic(
    `${order.length} messages, ${receiver.accepted.length - order.length} again; ${longestLossMs} ms lost`,
  );
  assert.ok(order.length >= 4, 'and there was something to lose');
});
