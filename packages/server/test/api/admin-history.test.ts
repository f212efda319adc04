/**
 * The history of a service that runs: what administrators read of it, through outages and without a disk.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startPostgres, startRedis, waitFor, type PostgresServer, type RedisServer } from 'portal-test-kit';
import { ADMIN } from '../../src/auth/permission.js';
import { sendRequest } from '../request.js';
import { IMPATIENT, startService, type TestService } from '../service.js';
import { openStream } from '../stream.js';

interface PublishedEvent {
  readonly id: number;
  readonly kind: string;
  readonly began_at: string;
  readonly ended_at: string | null;
  readonly from: string | null;
  readonly to: string | null;
  readonly codes: readonly string[];
  readonly details: Readonly<Record<string, unknown>>;
}

interface PublishedHistory {
  readonly step_seconds: number;
  readonly times: readonly number[];
  readonly status: readonly (string | null)[];
  readonly series: Readonly<Record<string, { readonly mean: readonly (number | null)[] }>>;
}

let postgres: PostgresServer;
let redis: RedisServer;
let folder: string;

before(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  folder = await mkdtemp(join(tmpdir(), 'portal-history-'));
});

after(async () => {
  await Promise.all([postgres?.close(), redis?.close()]);
  await rm(folder, { recursive: true, force: true });
});

async function eventsOf(url: string, cookie: string, query = ''): Promise<readonly PublishedEvent[]> {
  const { status, json, body } = await sendRequest(url, `/v1/admin/events${query}`, { cookie });
  assert.equal(status, 200, body);
  return json['events'] as PublishedEvent[];
}

async function historyOf(url: string, cookie: string, query = ''): Promise<PublishedHistory> {
  const { status, json, body } = await sendRequest(url, `/v1/admin/history${query}`, { cookie });
  assert.equal(status, 200, body);
  return json as unknown as PublishedHistory;
}

function waitForStatus({ url }: TestService, status: string): Promise<void> {
  return waitFor(status, async () => (await sendRequest(url, '/health')).json['status'] === status);
}

test('an outage of both stores is in history and events while it lasts, and after it', async (t) => {
  const service = await startService({
    databaseUrl: await postgres.createDatabase(),
    redisUrl: redis.url,
    environment: IMPATIENT,
  });
  t.after(() => service.close());
  const { url } = service;
  const cookie = await service.sessionCookie(ADMIN);
  await waitForStatus(service, 'healthy');
  const stream = await openStream(url, '/v1/admin/live', cookie);
  t.after(() => stream.close());
  for (const name of ['database_latency_ms', 'cache_memory_usage_bytes', 'cache_connected_clients']) {
    await waitFor(name, async () => {
      const { series } = await historyOf(url, cookie);
      return series[name]?.mean.some((one) => typeof one === 'number') === true;
    });
  }

  const frozenAt = Date.now();
  await postgres.freeze();
  redis.freeze();
  const happened = await stream.until('happened', ({ to }) => to === 'unhealthy');
  const [latest] = await eventsOf(url, cookie);
  assert.deepEqual(
    [latest?.id, latest?.kind, latest?.to, latest?.ended_at],
    [happened.data['id'], 'status', 'unhealthy', null],
  );
  assert.ok(Math.abs(Date.parse(latest?.began_at ?? '') - frozenAt) < 8_000, 'to the second');
  await waitFor('its codes', async () => {
    const [event] = await eventsOf(url, cookie);
    return ['DATABASE_TIMEOUT', 'CACHE_TIMEOUT'].every((code) => event?.codes.includes(code));
  });
  await waitFor('its samples', async () => (await historyOf(url, cookie)).status.includes('unhealthy'));
  const reread = await sendRequest(url, '/v1/admin/integrity', { cookie });
  assert.deepEqual([reread.status, reread.headers['x-session-source']], [200, 'memory']);

  await postgres.thaw();
  redis.thaw();
  await waitForStatus(service, 'healthy');
  await stream.until('happened', ({ from, to }) => from !== null && to === 'healthy');
  const events = await eventsOf(url, cookie);
  const outage = events.find(({ id }) => id === latest?.id);
  const next = events.findLast(({ kind, id }) => kind === 'status' && id > (latest?.id ?? 0));
  assert.ok(outage?.ended_at);
  assert.equal(outage.ended_at, next?.began_at);

  const { series, times, status, step_seconds: step } = await historyOf(url, cookie);
  assert.equal(status.length, times.length);
  assert.ok(times.every((time, index) => index === 0 || time - (times[index - 1] ?? 0) === step));
  const during = status.lastIndexOf('unhealthy');
  for (const { mean } of Object.values(series)) assert.equal(mean.length, times.length);
  assert.ok(
    series['pool_checked_in']?.mean[during] !== null,
    'the pool is known also while the database is not',
  );
  const to = new Date((times.at(-1) ?? 0) * 1_000).toISOString();
  const bare = await historyOf(url, cookie, `?to=${to}&step=${step}&figures=none`);
  const whole = await historyOf(url, cookie, `?to=${to}&step=${step}&figures=all`);
  assert.deepEqual([bare.times, bare.status], [whole.times, whole.status]);
  assert.deepEqual(Object.keys(bare.series), Object.keys(whole.series), 'which there are is still told');
  for (const { mean } of Object.values(bare.series)) assert.deepEqual(mean, []);
  assert.ok(JSON.stringify(bare).length * 4 < JSON.stringify(whole).length);
});

test('a changed source is an event with its files', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'portal-source-'));
  t.after(() => rm(root, { recursive: true, force: true }));
  await writeFile(join(root, 'main.js'), '1');
  const service = await startService({
    databaseUrl: await postgres.createDatabase(),
    redisUrl: redis.url,
    environment: { PORTAL_SOURCE_ROOT: root, PORTAL_SOURCE_EXCLUDE: 'node_modules' },
  });
  t.after(() => service.close());
  const cookie = await service.sessionCookie(ADMIN);
  await writeFile(join(root, 'main.js'), '2');
  let event: PublishedEvent | undefined;
  await waitFor(
    'the event',
    async () => {
      event = (await eventsOf(service.url, cookie)).find(({ kind }) => kind === 'integrity');
      return event !== undefined;
    },
    { timeoutMs: 30_000 },
  );
  assert.deepEqual([event?.to, event?.codes, event?.details['modified']], ['changed', ['SOURCE_DRIFTED'], 1]);
  assert.match(JSON.stringify(event?.details['changes']), /"path":"main\.js"/);
  assert.equal(
    (await eventsOf(service.url, cookie)).filter(({ kind }) => kind === 'integrity').length,
    1,
    'changes that continue are one event',
  );
});

test('only administrators can read it; pages and bounds', async (t) => {
  const service = await startService({ databaseUrl: await postgres.createDatabase(), redisUrl: redis.url });
  t.after(() => service.close());
  const moderator = await service.sessionCookie(1);
  const cookie = await service.sessionCookie(ADMIN);
  for (const path of ['/v1/admin/history', '/v1/admin/events']) {
    assert.equal((await sendRequest(service.url, path)).status, 401);
    assert.equal((await sendRequest(service.url, path, { cookie: moderator })).status, 403);
    const { headers } = await sendRequest(service.url, path, { cookie });
    assert.deepEqual(
      [headers['cache-control'], headers['vary']],
      ['private, no-store', 'Cookie, Authorization'],
    );
  }
  const bad = await sendRequest(service.url, '/v1/admin/events?limit=201', { cookie });
  assert.deepEqual(
    [bad.status, bad.json['error']],
    [400, 'Expected `limit` to be a whole number from 1 to 200.'],
  );
  const first = await sendRequest(service.url, '/v1/admin/events?limit=1', { cookie });
  const next = Number(first.json['next']);
  const [second] = await eventsOf(service.url, cookie, `?limit=1&before=${next}`);
  assert.ok(second && second.id < next);
  assert.deepEqual(await eventsOf(service.url, cookie, '?to=2020-01-01'), []);
});

test('without a disk: the service is as well as with one, says why, and shows what happens now', async (t) => {
  const file = join(folder, 'no-folder');
  await writeFile(file, '');
  const service = await startService({
    databaseUrl: await postgres.createDatabase(),
    redisUrl: redis.url,
    environment: { PORTAL_DATA_DIR: join(file, 'data') },
  });
  t.after(() => service.close());
  const cookie = await service.sessionCookie(ADMIN);
  await waitForStatus(service, 'healthy');
  await waitFor('samples', async () => (await historyOf(service.url, cookie)).status.includes('healthy'));
  const event = (await eventsOf(service.url, cookie)).find(({ kind }) => kind === 'history');
  assert.deepEqual([event?.to, event?.ended_at, event?.details], ['not_kept', null, { cause: 'ENOTDIR' }]);
  const line = await service.lineWith('the history is kept in memory only');
  assert.match(line, /"level":"warn".*"cause":"ENOTDIR"/);
  assert.ok(!service.logged.some((one) => one.includes('no-folder')), 'no path in the log');
});
