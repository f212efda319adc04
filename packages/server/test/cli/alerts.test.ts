/**
 * Alerts as an operator meets them at the command line: tried out, and through the kill of a service.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  messageData,
  startPostgres,
  startReceiver,
  startRedis,
  typesOf,
  waitFor,
  type TestReceiver,
} from 'portal-test-kit';
import { SCRATCH_FOLDER } from 'portal-test-kit/paths';
import { runPortal, servePortal } from '../portal.js';

let receiver: TestReceiver;
let folder: string;

beforeEach(async () => {
  receiver = await startReceiver();
  folder = await mkdtemp(join(SCRATCH_FOLDER, 'portal-alerts-'));
});

afterEach(async () => {
  receiver.close();
  await rm(folder, { recursive: true, force: true, maxRetries: 10 });
});

test('killed with an alert in the outbox: it arrives after the next start, and the incident is still the same one', async (t) => {
  const [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  t.after(() => Promise.all([postgres.close(), redis.close()]));
  receiver.respondWith(500);
  const settings = {
    DATABASE_URL: await postgres.createDatabase(),
    REDIS_URL: redis.url,
    PORTAL_INTERVAL_MS: '500',
    ...receiver.alertSettings('generic'),
  };
  const first = await servePortal({ cwd: folder, environment: settings });
  t.after(() => first.stop('SIGKILL'));
  redis.freeze();
  t.after(() => redis.thaw());
  await waitFor('an attempt', () => receiver.received.length > 0);
  await first.stop('SIGKILL');
  receiver.respondWith(200);
  const second = await servePortal({ cwd: folder, environment: settings });
  t.after(() => second.stop('SIGKILL'));
  const ofType = (type: string) => receiver.accepted.filter((message) => typesOf([message])[0] === type);
  await waitFor('the beginning', () => ofType('incident.began').length > 0);
  await sleep(1_500);
  redis.thaw();
  await waitFor('the end', () => ofType('incident.ended').length > 0, { timeoutMs: 120_000 });
  // A busy machine may make it worse in between, which is told as such; it begins and ends once.
  const [began, ended] = [ofType('incident.began'), ofType('incident.ended')];
  assert.deepEqual([began.length, ended.length], [1, 1], JSON.stringify(typesOf(receiver.accepted)));
  const incident = messageData(began[0])['incident'];
  assert.equal(messageData(ended[0])['incident'], incident);
  for (const message of receiver.accepted) assert.equal(messageData(message)['incident'], incident);
  const ids = receiver.received
    .filter((message) => typesOf([message])[0] === 'incident.began')
    .map(({ headers }) => headers['webhook-id']);
  assert.ok(ids.length > 1, 'it was tried before the kill');
  assert.equal(new Set(ids).size, 1, 'every attempt under the same id');
});

test('portal alert test: every receiver gets one, and what each answered is printed, but not its URL', async () => {
  const settings = receiver.alertSettings('generic', 'slack');
  const sent = await runPortal(['alert', 'test'], { cwd: folder, environment: settings });
  assert.deepEqual([sent.exitCode, sent.stderr], [0, '']);
  assert.match(sent.stdout, /^RECEIVER +ANSWER\ngeneric 1 +accepted\nslack 2 +accepted\n$/);
  assert.deepEqual(typesOf(receiver.accepted).toSorted(), ['alert.test', undefined]);
  receiver.respondWith(404);
  const refused = await runPortal(['alert', 'test'], { cwd: folder, environment: settings });
  assert.equal(refused.exitCode, 1);
  assert.match(refused.stdout, /slack 2 +WEBHOOK_REFUSED \(404\)/);
  assert.equal(refused.stderr, '2 of 2 did not accept the test.\n');
  assert.doesNotMatch(`${refused.stdout}${refused.stderr}`, /S3CRET|127\.0\.0\.1/);
  const none = await runPortal(['alert', 'test'], { cwd: folder });
  assert.equal(none.exitCode, 1);
  const unsigned = await runPortal(['alert', 'test'], {
    cwd: folder,
    environment: { PORTAL_ALERT_WEBHOOKS: settings['PORTAL_ALERT_WEBHOOKS'] ?? '' },
  });
  assert.equal(unsigned.exitCode, 2);
  assert.match(unsigned.stderr, /^Expected `PORTAL_ALERT_WEBHOOK_SECRET` to be set with a generic receiver/);
  for (const wrong of [
    'https://hook',
    'irc+https://hook',
    'slack+http://elsewhere.example/S3CRET',
    'slack+',
  ]) {
    const { exitCode, stderr } = await runPortal(['alert', 'test'], {
      cwd: folder,
      environment: { PORTAL_ALERT_WEBHOOKS: wrong },
    });
    assert.equal(exitCode, 2, wrong);
    assert.match(stderr, /^Expected `PORTAL_ALERT_WEBHOOKS` to be [^]*not shown/);
    assert.doesNotMatch(stderr, /S3CRET|elsewhere/);
  }
});
