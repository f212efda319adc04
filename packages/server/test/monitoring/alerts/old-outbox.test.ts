/** The outbox of an earlier version: what waits there leaves after the first start of this one, and its incident ends under its id. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import Database from 'libsql';
import { messageData, startPostgres, startReceiver, startRedis, typesOf, waitFor } from 'portal-test-kit';
import { startService } from '../../service.js';

const PATIENCE = { timeoutMs: 120_000 };

interface Waiting {
  readonly receiver: string;
  readonly message: string;
  readonly body: string;
  readonly created_at: number;
}

test('what waits in the outbox of before is sent as it was, once, and its incident is ended', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'portal-old-outbox-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const [postgres, redis, receiver] = await Promise.all([startPostgres(), startRedis(), startReceiver()]);
  t.after(async () => {
    receiver.close();
    await Promise.all([postgres.close(), redis.close()]);
  });
  const databaseUrl = await postgres.createDatabase();
  const start = () =>
    startService({
      databaseUrl,
      redisUrl: redis.url,
      environment: { ...receiver.alertSettings('generic'), PORTAL_DATA_DIR: folder },
    });

  // How receivers are named in an outbox is seen in one of now.
  const service = await start();
  receiver.respondWith(503);
  redis.freeze();
  await waitFor('an attempt', () => receiver.received.length > 0, PATIENCE);
  await service.close();
  redis.thaw();
  const fleet = new Database(join(folder, 'fleet.sqlite'));
  const waiting = fleet
    .prepare('SELECT receiver, message, body, created_at FROM outbox ORDER BY id')
    .all() as Waiting[];
  fleet.close();
  const [first = assert.fail()] = waiting;
  const { data } = JSON.parse(first.body) as { data: { incident: string; since: string; status: string } };
  // From here on it is as the earlier version has left it.
  for (const name of ['fleet.sqlite', 'fleet.sqlite-wal', 'fleet.sqlite-shm'])
    await rm(join(folder, name), { force: true });
  const history = new Database(join(folder, 'history.sqlite'));
  history
    .prepare('INSERT INTO outbox (receiver, message, body, created_at) VALUES (?, ?, ?, ?)')
    .run(first.receiver, 'a-message-of-before', first.body, first.created_at);
  history
    .prepare('INSERT INTO notes (name, value) VALUES (?, ?)')
    .run('incident', JSON.stringify({ id: data.incident, status: data.status, since: data.since }));
  history.close();

  receiver.respondWith(200);
  const next = await start();
  t.after(() => next.close());
  await waitFor('both messages', () => receiver.accepted.length >= 2, PATIENCE);
  assert.deepEqual(typesOf(receiver.accepted), ['incident.began', 'incident.ended']);
  const [began, ended] = receiver.accepted;
  assert.equal(began?.headers['webhook-id'], 'a-message-of-before');
  assert.equal(began.body, first.body);
  assert.equal(messageData(ended)['incident'], data.incident);
});
