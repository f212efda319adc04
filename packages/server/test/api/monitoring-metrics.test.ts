/** What tells whoever watches the watcher that it moves, on a real scrape in both formats. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startPostgres, startReceiver, waitFor } from 'portal-test-kit';
import { ADMIN } from '../../src/auth/permission.js';
import { answerWith, startHost } from '../fleet/hosts.js';
import { sendRequest } from '../request.js';
import { startService } from '../service.js';

const PATIENCE = { timeoutMs: 120_000 };

test('attempts to notify, the oldest that waits, the last poll and refused writes are scraped', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'portal-metrics-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  let health = { status: 'healthy', errors: [] as string[] };
  const host = await startHost((request, response) =>
    answerWith(health, health.status === 'healthy' ? 200 : 503)(request, response),
  );
  t.after(() => host.close());
  await writeFile(
    join(folder, 'fleet.json'),
    JSON.stringify({
      defaults: { interval: '2s', timeout: '2s', failure_threshold: 1 },
      services: [{ name: 'orders', discover: { static: [host.origin] } }],
    }),
  );
  const [postgres, receiver] = await Promise.all([startPostgres(), startReceiver()]);
  t.after(async () => {
    receiver.close();
    await postgres.close();
  });
  const service = await startService({
    databaseUrl: await postgres.createDatabase(),
    environment: {
      ...receiver.alertSettings('generic'),
      PORTAL_FLEET_FILE: join(folder, 'fleet.json'),
      PORTAL_DATA_DIR: join(folder, 'data'),
    },
  });
  t.after(() => service.close());
  const cookie = await service.sessionCookie(ADMIN);

  async function scrape(accept: string): Promise<string> {
    return (await sendRequest(service.url, '/metrics', { cookie, headers: { Accept: accept } })).body;
  }
  async function sample(name: string, accept = 'text/plain'): Promise<number> {
    const lines = (await scrape(accept)).split('\n');
    return Number(lines.find((line) => line.startsWith(`${name} `))?.slice(name.length));
  }
  const refused = 'portal_notifications_total{receiver="generic 1",result="refused"}';
  const accepted = 'portal_notifications_total{receiver="generic 1",result="accepted"}';

  receiver.respondWith(503);
  health = { status: 'unhealthy', errors: ['The database does not answer in time (DATABASE_TIMEOUT)'] };
  await waitFor('a refused attempt', async () => (await sample(refused)) > 0, PATIENCE);
  await waitFor(
    'a message that waits',
    async () => (await sample('portal_notification_oldest_seconds')) > 0,
    PATIENCE,
  );
  assert.ok((await sample('portal_fleet_last_poll_age_seconds')) >= 0);
  for (const file of ['history', 'fleet']) {
    assert.equal(await sample(`portal_history_failed_writes_total{file="${file}"}`), 0);
  }

  receiver.respondWith(200);
  await waitFor('an accepted one', async () => (await sample(accepted)) > 0, PATIENCE);
  await waitFor(
    'nothing that waits',
    async () => (await sample('portal_notification_oldest_seconds')) === 0,
    PATIENCE,
  );
  const openMetrics = await scrape('application/openmetrics-text');
  assert.match(openMetrics, /^# TYPE portal_notifications counter$/m);
  assert.match(openMetrics, /^# TYPE portal_history_failed_writes counter$/m);
  assert.ok(openMetrics.endsWith('# EOF\n'));
  const open = await sendRequest(service.url, '/metrics');
  assert.doesNotMatch(open.body, /portal_notification|portal_history_failed|portal_fleet_last_poll/);
});
