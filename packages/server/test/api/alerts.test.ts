/**
 * Who is told of incidents, through the API: how it stands with each receiver, what was sent lately, and a test of all of them.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startAlertmanager, startPostgres, startReceiver, typesOf, waitFor } from 'portal-test-kit';
import type { Alertmanager, PostgresServer, TestReceiver } from 'portal-test-kit';
import { ADMIN } from '../../src/auth/permission.js';
import { sendRequest } from '../request.js';
import { IMPATIENT, startService, type TestService } from '../service.js';
import { sql } from '../sql.js';

const PATIENCE = { timeoutMs: 90_000, everyMs: 100 };

let postgres: PostgresServer;
let databaseUrl: string;
let receiver: TestReceiver;
let alertmanager: Alertmanager;
let service: TestService;
let admin: string;

before(async () => {
  [postgres, receiver, alertmanager] = await Promise.all([
    startPostgres(),
    startReceiver(),
    startAlertmanager({ configuration: 'route: { receiver: none }\nreceivers: [{ name: none }]\n' }),
  ]);
  databaseUrl = await postgres.createDatabase();
  service = await startService({
    databaseUrl,
    environment: {
      ...IMPATIENT,
      ...receiver.alertSettings('generic'),
      // A second, at which nobody listens.
      PORTAL_ALERTMANAGERS: `${alertmanager.url},http://127.0.0.1:9`,
      PORTAL_HEARTBEAT_URL: 'http://127.0.0.1:9/beat',
    },
  });
  admin = await service.sessionCookie(ADMIN);
});

after(async () => {
  await service?.close();
  await alertmanager?.close();
  receiver?.close();
  await postgres?.close();
});

type Fields = Readonly<Record<string, unknown>>;

async function alerts(query = ''): Promise<{
  readonly receivers: readonly Fields[];
  readonly deliveries: readonly Fields[];
}> {
  const { status, json, body } = await sendRequest(service.url, `/v1/admin/alerts${query}`, {
    cookie: admin,
  });
  assert.equal(status, 200, body);
  return json as never;
}

async function testDeliveries(): Promise<readonly Fields[]> {
  return (await alerts()).deliveries.filter(({ transition }) => transition === 'test');
}

async function standing(name: string): Promise<Fields> {
  const { receivers } = await alerts();
  const found = receivers.find((one) => one['receiver'] === name);
  assert.ok(found, JSON.stringify(receivers));
  return found;
}

function sendTest(cookie = admin) {
  return sendRequest(service.url, '/v1/admin/alerts/test', { method: 'POST', cookie });
}

function audited(): Promise<readonly Fields[]> {
  return sql(databaseUrl, `SELECT actor, details FROM audit WHERE action = 'alert_tested' ORDER BY id`);
}

test('each that is told has a line, what was never tried says so, and no line says where it is', async () => {
  const { receivers, deliveries } = await alerts();
  assert.deepEqual(
    receivers.map(({ receiver: name, type, waiting }) => [name, type, waiting]),
    [
      ['generic 1', 'generic', 0],
      ['alertmanager 1', 'alertmanager', null],
      ['alertmanager 2', 'alertmanager', null],
      ['heartbeat', 'heartbeat', null],
    ],
  );
  const [generic] = receivers;
  assert.deepEqual(
    [generic?.['accepted_at'], generic?.['failing_since'], generic?.['cause']],
    [null, null, null],
  );
  assert.deepEqual(deliveries, []);
  assert.doesNotMatch(JSON.stringify(receivers), /127\.0\.0\.1|http/);
  await waitFor(
    'the Alertmanager that is not there to be tried',
    async () => (await standing('alertmanager 2'))['failing_since'] !== null,
    PATIENCE,
  );
  assert.equal((await standing('alertmanager 2'))['cause'], 'ECONNREFUSED');
});

test('a test reaches everybody by the way that alerts go, is listed, and is in the audit', async () => {
  const sent = await sendTest();
  assert.equal(sent.status, 200, sent.body);
  assert.deepEqual(sent.json['receivers'], [
    { receiver: 'generic 1', state: 'waiting' },
    { receiver: 'alertmanager 1', state: 'accepted' },
    { receiver: 'alertmanager 2', state: 'refused' },
  ]);
  // Beside it, a busy machine may have an incident of its own.
  const arrived = () => typesOf(receiver.accepted).filter((type) => type === 'alert.test').length;
  await waitFor('the message', () => arrived() === 1, PATIENCE);
  await waitFor('its delivery', async () => (await testDeliveries())[0]?.['state'] === 'accepted', PATIENCE);
  assert.deepEqual(
    (await testDeliveries()).map(({ receiver: name, transition, incident }) => [name, transition, incident]),
    [['generic 1', 'test', null]],
  );
  const response = await fetch(`${alertmanager.url}/api/v2/alerts`);
  const firing = (await response.json()) as readonly { readonly labels: Record<string, string> }[];
  assert.ok(firing.some(({ labels }) => labels['alertname'] === 'PortalTest'));
  assert.notEqual((await standing('generic 1'))['accepted_at'], null);
  const [entry, ...others] = await audited();
  assert.deepEqual(others, []);
  assert.ok(entry);
  assert.match(String(entry['actor']), /^user-/);
  assert.deepEqual((entry['details'] as Fields)['receivers'], [
    'generic 1',
    'alertmanager 1',
    'alertmanager 2',
  ]);
});

test('a receiver that refuses is said to, with why and how much waits; and when it takes them again', async () => {
  receiver.respondWith(503);
  try {
    assert.equal((await sendTest()).status, 200);
    await waitFor(
      'the refusal to be told',
      async () => (await standing('generic 1'))['failing_since'] !== null,
      PATIENCE,
    );
    const failing = await standing('generic 1');
    assert.equal(failing['cause'], 'WEBHOOK_REFUSED (503)');
    assert.ok(Number(failing['waiting']) >= 1, 'a busy machine may have had an incident of its own');
    assert.notEqual(failing['waiting_since'], null);
    assert.equal((await alerts('?limit=1')).deliveries[0]?.['state'], 'waiting');
  } finally {
    receiver.respondWith(200);
  }
  await waitFor(
    'the receiver to take it',
    async () => {
      const { failing_since: since, waiting } = await standing('generic 1');
      return since === null && waiting === 0;
    },
    PATIENCE,
  );
  assert.equal((await alerts('?limit=1')).deliveries.length, 1);
  assert.equal((await testDeliveries()).length, 2);
});

test('what the audit cannot take is not sent; how receivers stand is told all the same', async () => {
  const earlier = receiver.received.length;
  await postgres.freeze();
  try {
    await waitFor(
      'the outage to be known',
      async () => (await sendRequest(service.url, '/health')).status === 503,
      PATIENCE,
    );
    assert.equal((await sendTest()).status, 503);
    assert.equal((await standing('generic 1'))['failing_since'], null);
  } finally {
    await postgres.thaw();
  }
  await waitFor('the database to be back', async () => (await audited()).length >= 2, PATIENCE);
  assert.equal((await audited()).length, 2, 'nothing has been done');
  assert.equal(typesOf(receiver.received.slice(earlier)).filter((type) => type === 'alert.test').length, 0);
});

test('whoever is no administrator neither sees nor sends', async () => {
  const moderator = await service.sessionCookie(1);
  assert.equal((await sendTest(moderator)).status, 403);
  assert.equal((await sendRequest(service.url, '/v1/admin/alerts', { cookie: moderator })).status, 403);
  assert.equal((await sendRequest(service.url, '/v1/admin/alerts')).status, 401);
  assert.equal((await audited()).length, 2);
});

test('where nobody is named, there is nobody to test, and that is said', async (t) => {
  const lonely = await startService({ databaseUrl: await postgres.createDatabase() });
  t.after(() => lonely.close());
  const cookie = await lonely.sessionCookie(ADMIN);
  const shown = await sendRequest(lonely.url, '/v1/admin/alerts', { cookie });
  assert.deepEqual(shown.json, { receivers: [], deliveries: [] });
  const refused = await sendRequest(lonely.url, '/v1/admin/alerts/test', { method: 'POST', cookie });
  assert.equal(refused.status, 400);
  assert.match(
    String(refused.json['error']),
    /`PORTAL_ALERT_WEBHOOKS` or `PORTAL_ALERTMANAGERS`.*got nothing/,
  );
  assert.equal((await audited()).length, 2);
});
