/**
 * Alerts of a service that runs, to receivers that listen, refuse, and were away.
 */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  messageData,
  startPostgres,
  startReceiver,
  startRedis,
  typesOf,
  waitFor,
  type PostgresServer,
  type TestReceiver,
  type RedisServer,
} from 'portal-test-kit';
import { sendRequest } from '../../request.js';
import { startService } from '../../service.js';

let postgres: PostgresServer;
let redis: RedisServer;
let receiver: TestReceiver;
let folder: string;

before(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
});

after(async () => {
  await Promise.all([postgres?.close(), redis?.close()]);
});

beforeEach(async () => {
  receiver = await startReceiver();
  folder = await mkdtemp(join(tmpdir(), 'portal-alerts-'));
});

afterEach(async () => {
  receiver.close();
  await rm(folder, { recursive: true, force: true });
});

test('an outage is one message when it begins and one when it ends, signed, and in the words of each receiver', async (t) => {
  const service = await startService({
    databaseUrl: await postgres.createDatabase(),
    redisUrl: redis.url,
    environment: receiver.alertSettings('generic', 'slack', 'discord', 'telegram'),
  });
  t.after(() => service.close());
  await waitFor(
    'health',
    async () => (await sendRequest(service.url, '/health')).json['status'] === 'healthy',
  );
  await sleep(1_000);
  await postgres.freeze();
  await receiver.arrived(4);
  await sleep(1_500);
  assert.equal(receiver.accepted.length, 4, 'it goes on, and has one alert');
  await postgres.thaw();
  await receiver.arrived(8);
  await sleep(1_500);
  assert.equal(receiver.received.length, 8);

  const generic = receiver.accepted.filter(({ path }) => path.startsWith('/generic/'));
  assert.deepEqual(typesOf(generic), ['incident.began', 'incident.ended']);
  const [began, ended] = generic.map(messageData);
  assert.equal(began?.['status'], 'unhealthy');
  assert.ok((began['codes'] as string[]).some((code) => /^(DATABASE_TIMEOUT|CHECK_STALE)$/.test(code)));
  assert.equal(began['incident'], ended?.['incident']);
  assert.equal(began['since'], ended?.['since']);
  assert.ok(String(ended?.['until']) > String(began['since']));
  for (const { headers, body } of generic) {
    const id = String(headers['webhook-id']);
    const signed = createHmac('sha256', Buffer.from(receiver.secret.slice(6), 'base64'))
      .update(`${id}.${String(headers['webhook-timestamp'])}.${body}`)
      .digest('base64');
    assert.equal(headers['webhook-signature'], `v1,${signed}`);
  }
  for (const [kind, field] of [
    ['slack', 'text'],
    ['discord', 'content'],
    ['telegram', 'text'],
  ] as const) {
    const [first, last] = receiver.accepted.filter(({ path }) => path.startsWith(`/${kind}/`));
    assert.match(
      String(first?.json[field]),
      /^■ unhealthy: \S+, since [\d-]+ [\d:]+ UTC\. .*\([A-Z_]+\)(\. Why: .*)?$/,
    );
    assert.match(String(last?.json[field]), /^● healthy again: \S+, since [\d-]+ [\d:]+ UTC, after \d+ s$/);
    assert.equal(first?.headers['webhook-signature'], undefined);
  }
  for (const secret of ['T0P-S3CRET', receiver.secret, '127.0.0.1']) {
    assert.ok(!service.logged.some((line) => line.includes(secret)), secret);
  }
  await service.lineWith('an alert was accepted');
});

test('a changed source has one alert', async (t) => {
  await writeFile(join(folder, 'main.js'), '1');
  const service = await startService({
    databaseUrl: await postgres.createDatabase(),
    redisUrl: redis.url,
    environment: {
      ...receiver.alertSettings('generic'),
      PORTAL_SOURCE_ROOT: folder,
      PORTAL_SOURCE_EXCLUDE: 'node_modules',
    },
  });
  t.after(() => service.close());
  await sleep(500);
  await writeFile(join(folder, 'main.js'), '2');
  await waitFor('the change', () => typesOf(receiver.accepted).includes('integrity.changed'));
  await writeFile(join(folder, 'other.js'), '2');
  await waitFor('the incident', () => typesOf(receiver.accepted).includes('incident.began'));
  await sleep(1_500);
  assert.deepEqual(typesOf(receiver.accepted).toSorted(), ['incident.began', 'integrity.changed']);
  const change = receiver.accepted.find(({ json }) => json['type'] === 'integrity.changed');
  assert.deepEqual(messageData(change)['files'], { added: 0, removed: 0, modified: 1 });
  assert.ok(!change?.body.includes('main.js'), 'names stay with administrators');
});

test('a receiver that refuses gets everything later: in order, nothing twice, each under one id', async (t) => {
  const service = await startService({
    databaseUrl: await postgres.createDatabase(),
    redisUrl: redis.url,
    environment: receiver.alertSettings('generic'),
  });
  t.after(() => service.close());
  receiver.respondWith(503);
  redis.freeze();
  await waitFor('an attempt', () => receiver.received.length >= 2);
  redis.thaw();
  await waitFor(
    'health',
    async () => (await sendRequest(service.url, '/health')).json['status'] === 'healthy',
  );
  await sleep(1_000);
  assert.deepEqual(
    new Set(typesOf(receiver.received)),
    new Set(['incident.began']),
    'the first delays the others',
  );
  receiver.respondWith(200);
  await receiver.arrived(2);
  assert.deepEqual(typesOf(receiver.accepted), ['incident.began', 'incident.ended']);
  const ids = receiver.received.map(({ headers }) => headers['webhook-id']);
  assert.equal(new Set(ids).size, 2);
  await service.lineWith('was not accepted');
  const failures = service.logged.filter((line) => line.includes('was not accepted'));
  assert.equal(failures.length, 1, 'once for each that fails, not for each attempt');
  assert.match(failures[0] ?? '', /"receiver":"generic 1".*"cause":"WEBHOOK_REFUSED"/);
});
