/**
 * Pauses, maintenance and notes through the API: what nobody is told of, what goes on all the same, and what is in the audit.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  messageData,
  startAlertmanager,
  startPostgres,
  startReceiver,
  waitFor,
  type Alertmanager,
  type PostgresServer,
  type TestReceiver,
} from 'portal-test-kit';
import { ADMIN } from '../../src/auth/permission.js';
import { answerWith, startHost, type Host } from '../fleet/hosts.js';
import { sendRequest } from '../request.js';
import { startService, type TestService } from '../service.js';
import { sql } from '../sql.js';

const PATIENCE = { timeoutMs: 90_000, everyMs: 100 };
const HOUR_MS = 3_600_000;
const UNWELL = { status: 'unhealthy', errors: ['The database does not answer in time (DATABASE_TIMEOUT)'] };
const WELL = { status: 'healthy', errors: [] };

let postgres: PostgresServer;
let databaseUrl: string;
let folder: string;
let receiver: TestReceiver;
/** Not joined: each is told by itself. */
let alertmanagers: readonly Alertmanager[];
let host: Host;
let service: TestService;
let admin: string;
let isWell = true;

function start(dataFolder: string): Promise<TestService> {
  return startService({
    databaseUrl,
    environment: {
      PORTAL_FLEET_FILE: join(folder, 'fleet.yaml'),
      PORTAL_DATA_DIR: join(folder, dataFolder),
      PORTAL_ALERTMANAGERS: alertmanagers.map(({ url }) => url).join(),
      ...receiver.alertSettings('generic'),
    },
  });
}

before(async () => {
  [postgres, receiver] = await Promise.all([startPostgres(), startReceiver()]);
  databaseUrl = await postgres.createDatabase();
  const configuration = 'route: { receiver: none }\nreceivers: [{ name: none }]\n';
  alertmanagers = [await startAlertmanager({ configuration }), await startAlertmanager({ configuration })];
  folder = await mkdtemp(join(tmpdir(), 'portal-pauses-'));
  host = await startHost((request, response) =>
    answerWith(isWell ? WELL : UNWELL, isWell ? 200 : 503)(request, response),
  );
  await writeFile(
    join(folder, 'fleet.yaml'),
    `
fleet: prod
defaults: { interval: 2s, timeout: 2s, failure_threshold: 1, success_threshold: 1 }
services:
  - { name: orders, labels: { team: shop }, discover: { static: [${JSON.stringify(host.origin)}] } }
`,
  );
  service = await start('first');
  admin = await service.sessionCookie(ADMIN);
  await waitFor('orders to be known', async () => (await orders())['status'] === 'healthy', PATIENCE);
});

after(async () => {
  await service?.close();
  await host?.close();
  await Promise.all((alertmanagers ?? []).map((one) => one.close()));
  receiver?.close();
  await postgres?.close();
  if (folder) await rm(folder, { recursive: true, force: true });
});

async function orders(from: TestService = service): Promise<Record<string, unknown>> {
  const { json } = await sendRequest(from.url, '/v1/admin/fleet/services/orders', { cookie: admin });
  return (json['service'] ?? {}) as Record<string, unknown>;
}

function post(path: string, body?: object, cookie = admin) {
  return sendRequest(service.url, `/v1/admin/${path}`, {
    method: 'POST',
    cookie,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

async function pauses(): Promise<readonly Record<string, unknown>[]> {
  const { json } = await sendRequest(service.url, '/v1/admin/maintenance', { cookie: admin });
  return json['pauses'] as readonly Record<string, unknown>[];
}

function later(ms: number): string {
  return new Date(Date.now() + ms).toISOString();
}

function toldOf(name: string): readonly string[] {
  return receiver.accepted
    .filter((message) => messageData(message)['service'] === name)
    .map(({ json }) => String(json['type']));
}

interface Silence {
  readonly comment: string;
  readonly createdBy: string;
  readonly matchers: readonly { readonly name: string; readonly value: string }[];
  readonly status: { readonly state: string };
}

/** Of both. */
async function silences(state: string): Promise<readonly Silence[]> {
  const all = await Promise.all(
    alertmanagers.map(async ({ url }) => {
      const response = await fetch(`${url}/api/v2/silences`);
      return (await response.json()) as readonly Silence[];
    }),
  );
  return all.flat().filter(({ status }) => status.state === state);
}

test('paused: watched and kept, told to nobody, silent at Alertmanagers; resumed: told of what is open', async () => {
  const begun = await post('fleet/services/orders/pause', { until: later(HOUR_MS), reason: ' A new disk ' });
  assert.equal(begun.status, 200, begun.body);
  assert.deepEqual([begun.json['service'], begun.json['reason']], ['orders', 'A new disk']);
  assert.ok((await orders())['paused_until']);
  await waitFor('the silence at each', async () => (await silences('active')).length === 2, PATIENCE);
  const [silence] = await silences('active');
  assert.deepEqual(
    silence?.matchers.map(({ name, value }) => [name, value]),
    [
      ['fleet', 'prod'],
      ['service', 'orders'],
    ],
  );
  assert.match(silence.comment, /^A new disk \(portal prod, pause \d+\)$/);

  isWell = false;
  await waitFor('the outage', async () => (await orders())['status'] === 'unhealthy', PATIENCE);
  await waitFor('the incident', async () => (await orders())['incident'] !== null, PATIENCE);
  // Polls of a watcher that would have told of it by now.
  const seen = host.requests();
  await waitFor('further polls', () => host.requests() >= seen + 3, PATIENCE);
  assert.deepEqual(toldOf('orders'), []);

  // A start without the database, which has the pause in its file.
  await service.close();
  await postgres.freeze();
  try {
    service = await start('first');
    await waitFor('polls after the start', () => host.requests() >= seen + 8, PATIENCE);
    assert.deepEqual(toldOf('orders'), []);
  } finally {
    await postgres.thaw();
  }
  await waitFor('the session to count', async () => (await orders())['status'] === 'unhealthy', PATIENCE);
  assert.equal((await pauses()).length, 1);

  const resumed = await post('fleet/services/orders/resume');
  assert.deepEqual([resumed.status, resumed.json], [200, { service: 'orders', paused_until: null }]);
  await waitFor('the message', () => toldOf('orders').length > 0, PATIENCE);
  await waitFor('the end of the silence', async () => (await silences('active')).length === 0, PATIENCE);

  const id = String((await orders())['incident']);
  const note = await post(`incidents/${id}/notes`, { text: 'The lock was of report-worker.' });
  assert.equal(note.status, 200, note.body);
  const { json } = await sendRequest(service.url, `/v1/admin/incidents/${id}`, { cookie: admin });
  assert.deepEqual(json['notes'], [note.json]);

  isWell = true;
  await waitFor('the end', () => toldOf('orders').includes('incident.ended'), PATIENCE);
  assert.deepEqual(toldOf('orders'), ['incident.began', 'incident.ended']);
});

describe('maintenance', () => {
  test('of a label, planned, listed, and taken from the plan', async () => {
    const planned = await post('maintenance', {
      label: 'team:shop',
      from: later(HOUR_MS),
      until: later(2 * HOUR_MS),
      reason: 'PostgreSQL 18',
    });
    assert.equal(planned.status, 200, planned.body);
    assert.equal((await orders())['paused_until'], null, 'not yet');
    assert.deepEqual(await pauses(), [planned.json]);
    await waitFor('the silence to come', async () => (await silences('pending')).length === 2, PATIENCE);
    const end = `maintenance/${String(planned.json['id'])}/end`;
    assert.equal((await post(end)).status, 204);
    assert.deepEqual(await pauses(), []);
    assert.equal((await post(end)).status, 404, 'it has ended');
    await waitFor('the silence to go', async () => (await silences('pending')).length === 0, PATIENCE);
  });

  test('of a label pauses its services, and is not ended by the resumption of one', async () => {
    const begun = await post('maintenance', { label: 'team:shop', until: later(HOUR_MS), reason: 'now' });
    assert.ok((await orders())['paused_until']);
    const { json } = await post('fleet/services/orders/resume');
    assert.ok(json['paused_until']);
    assert.equal((await post(`maintenance/${String(begun.json['id'])}/end`)).status, 204);
    assert.equal((await orders())['paused_until'], null);
  });

  test('another watcher of the fleet hears of it', async (t) => {
    const begun = await post('fleet/services/orders/pause', { until: later(HOUR_MS), reason: 'now' });
    const other = await start('second');
    t.after(() => other.close());
    await waitFor('the other to know', async () => (await orders(other))['paused_until'] !== null, PATIENCE);
    assert.equal((await post(`maintenance/${String(begun.json['id'])}/end`)).status, 204);
    await waitFor(
      'the other to know of its end',
      async () => (await orders(other))['paused_until'] === null,
      PATIENCE,
    );
  });
});

describe('what is refused', () => {
  const until = later(HOUR_MS);
  const reason = 'why';
  const cases: readonly (readonly [string, object, RegExp])[] = [
    ['fleet/services/orders/pause', { reason }, /^until must be a text$/],
    ['fleet/services/orders/pause', { until }, /^reason must be a text$/],
    ['fleet/services/orders/pause', { until: 'tomorrow', reason }, /`until` to be a time/],
    [
      'fleet/services/orders/pause',
      { until: later(-1_000), reason },
      /`until` to be in the future, and not /,
    ],
    [
      'fleet/services/orders/pause',
      { until: later(169 * HOUR_MS), reason },
      /at most 7 days after the begin/,
    ],
    [
      'fleet/services/orders/pause',
      { until, reason: '  ' },
      /`reason` to have 1 to 500 characters, and not 0/,
    ],
    ['fleet/services/orders/pause', { until, reason: 'x'.repeat(501) }, /and not 501/],
    ['fleet/services/orders/pause', { until, reason: 'a\u0000b' }, /no control characters/],
    ['maintenance', { until, reason }, /either `service` or `label`/],
    ['maintenance', { service: 'orders', label: 'team:shop', until, reason }, /either `service` or `label`/],
    ['maintenance', { service: 'order', until, reason }, /`service` to be one of the fleet, and not order/],
    ['maintenance', { label: 'team:shopp', until, reason }, /`label` to be one of a service.*not team:shopp/],
    ['maintenance', { service: 'orders', from: until, until, reason }, /`until` to be after `from`/],
    [
      'maintenance',
      { service: 'orders', from: later(91 * 24 * HOUR_MS), until: later(92 * 24 * HOUR_MS), reason },
      /`from` to be within 90 days/,
    ],
    [`incidents/${'0'.repeat(32)}/notes`, { text: '' }, /`text` to have 1 to 4000 characters/],
  ];
  for (const [path, body, sentence] of cases) {
    test(`${path} ${JSON.stringify(body).slice(0, 80)}`, async () => {
      const refused = await post(path, body);
      assert.equal(refused.status, 400, refused.body);
      assert.match(String(refused.json['error']), sentence);
      assert.deepEqual(await pauses(), [], 'and nothing has been done');
    });
  }

  test('what there is not', async () => {
    const body = { until, reason };
    assert.equal((await post('fleet/services/order/pause', body)).status, 404);
    assert.equal((await post('fleet/services/order/resume')).status, 404);
    assert.equal((await post('maintenance/0/end')).status, 404);
    assert.equal((await post('maintenance/999/end')).status, 404);
    assert.equal((await post(`incidents/${'0'.repeat(32)}/notes`, { text: 'x' })).status, 404);
  });

  test('whoever is no administrator', async () => {
    const moderator = await service.sessionCookie(1);
    const refused = await post('fleet/services/orders/pause', { until, reason }, moderator);
    assert.equal(refused.status, 403);
    assert.deepEqual(await pauses(), []);
  });
});

test('two hundred pauses are enough, planned or begun', async () => {
  const until = later(HOUR_MS);
  await sql(
    databaseUrl,
    `INSERT INTO pauses (fleet, service, from_at, until_at, reason, author)
     SELECT fleet, 'orders', now() + interval '1 hour', now() + interval '2 hours', 'planned', 'ada'
     FROM unnest(ARRAY['prod', 'another']) AS fleet, generate_series(1, CASE fleet WHEN 'prod' THEN 199 ELSE 300 END)`,
  );
  try {
    const last = await post('maintenance', {
      service: 'orders',
      from: later(HOUR_MS / 2),
      until,
      reason: 'one more',
    });
    assert.equal(last.status, 200, last.body);
    for (const path of ['maintenance', 'fleet/services/orders/pause']) {
      const body =
        path === 'maintenance' ? { service: 'orders', until, reason: 'x' } : { until, reason: 'x' };
      const refused = await post(path, body);
      assert.equal(refused.status, 400, refused.body);
      assert.equal(refused.json['error'], 'There are 200 pauses already; end one first.');
    }
    assert.equal((await orders())['paused_until'], null);
  } finally {
    await sql(databaseUrl, 'DELETE FROM pauses');
    await sql(databaseUrl, `DELETE FROM audit WHERE details->>'reason' = 'one more'`);
  }
});

test('all of it is in the audit, with who and what', async () => {
  const entries = await sql(
    databaseUrl,
    `SELECT action, actor, details FROM audit WHERE action IN ('pause_begun', 'pause_ended', 'note_added') ORDER BY id`,
  );
  const actions = entries.map(({ action }) => String(action));
  assert.deepEqual(
    [
      actions.filter((action) => action === 'pause_begun').length,
      actions.filter((action) => action === 'pause_ended').length,
    ],
    [4, 4],
  );
  assert.equal(actions.filter((action) => action === 'note_added').length, 1);
  assert.ok(entries.every(({ actor }) => typeof actor === 'string'));
  const first = entries[0]?.['details'] as Record<string, unknown> | undefined;
  assert.deepEqual([first?.['service'], first?.['reason']], ['orders', 'A new disk']);
});
