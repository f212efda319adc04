/**
 * A service that ends in the middle of an outage, by a deploy or by a kill: what began before began before, and the time
 * without probe runs is not measured.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startPostgres, startRedis, waitFor, type PostgresServer, type RedisServer } from 'portal-test-kit';
import { sendRequest } from '../../request.js';
import { runPortal, servePortal, type RunningPortal } from '../../portal.js';

interface Event {
  readonly kind: string;
  readonly from: string | null;
  readonly to: string;
  readonly began_at: string;
  readonly ended_at: string | null;
  readonly since: string;
  readonly causes: readonly { readonly code: string; readonly began_at: string }[];
}

let postgres: PostgresServer;
let redis: RedisServer;
let folder: string;
let environment: Record<string, string>;
let cookie: string;
let service: RunningPortal | undefined;

before(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  folder = await mkdtemp(join(tmpdir(), 'portal-restart-'));
  environment = {
    DATABASE_URL: await postgres.createDatabase(),
    REDIS_URL: redis.url,
    PORTAL_DATA_DIR: join(folder, 'data'),
    PORTAL_INTERVAL_MS: '300',
    PORTAL_SESSION_DEADLINE_MS: '5000',
  };
  await portal('user', 'add', 'ada', '--permission', 'Admin');
  cookie = /psession=[\w-]+/.exec(await portal('session', 'create', '--user', 'ada'))?.[0] ?? '';
});

after(async () => {
  await service?.stop('SIGKILL');
  redis?.thaw();
  await Promise.all([postgres?.close(), redis?.close()]);
  await rm(folder, { recursive: true, force: true });
});

async function portal(...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await runPortal(args, { cwd: folder, environment });
  assert.equal(exitCode, 0, stderr);
  return stdout;
}

async function start(): Promise<RunningPortal> {
  service = await servePortal({ cwd: folder, environment });
  return service;
}

/** What anybody reads: since when the status is so, and each of its causes. */
async function liveSnapshot({ url }: RunningPortal) {
  const { json } = await sendRequest(url, '/v1/status');
  return json as unknown as { status: string; since: string; causes: readonly object[] };
}

async function read<Body>({ url }: RunningPortal, path: string): Promise<Body> {
  const { status, json, body } = await sendRequest(url, path, { cookie });
  assert.equal(status, 200, body);
  return json as Body;
}

/** A busy machine is none of what is tried here. */
function ofStores(causes: readonly object[]): readonly object[] {
  return causes.filter((cause) => !('code' in cause && cause.code === 'EVENT_LOOP_DELAYED'));
}

test('neither a stop nor a kill in the middle of an outage changes a since; there were no probe runs in between', async () => {
  const beganMs = Date.now();
  let running = await start();
  await waitFor('health', async () => (await liveSnapshot(running)).status === 'healthy');
  redis.freeze();
  await waitFor('the outage', async () => (await liveSnapshot(running)).status === 'degraded');
  // A probe run that was under way may have found another code than those that follow.
  await sleep(2_500);
  const known = await liveSnapshot(running);
  assert.equal(ofStores(known.causes).length, 1);

  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    await running.stop(signal);
    await sleep(1_500);
    running = await start();
    const { status, since, causes } = await liveSnapshot(running);
    assert.deepEqual(
      [status, since, ofStores(causes)],
      [known.status, known.since, ofStores(known.causes)],
      `${signal}, begun at ${new Date(beganMs).toISOString()}`,
    );
    const { events } = await read<{ events: Event[] }>(running, '/v1/admin/events?limit=200');
    const latest = events.find(({ kind }) => kind === 'status');
    assert.deepEqual(
      [latest?.from, latest?.to, latest?.since, latest?.ended_at],
      ['degraded', 'degraded', known.since, null],
      signal,
    );
    assert.ok((latest?.began_at ?? '') > known.since);
    assert.deepEqual(
      ofStores(
        latest?.causes.map(({ code, began_at }) => ({ component: 'cache', code, since: began_at })) ?? [],
      ),
      ofStores(known.causes),
    );
  }

  redis.thaw();
  await waitFor('health again', async () => (await liveSnapshot(running)).status === 'healthy');
  assert.deepEqual((await liveSnapshot(running)).causes, []);
  // Over, so that what is read twice is the same.
  const from = new Date(beganMs).toISOString();
  const to = (await liveSnapshot(running)).since;
  const { events } = await read<{ events: Event[] }>(
    running,
    `/v1/admin/events?from=${from}&to=${to}&limit=200`,
  );
  const degradedMs = events
    .filter(({ kind, to: status }) => kind === 'status' && status === 'degraded')
    .reduce((sum, { began_at, ended_at }) => sum + Date.parse(ended_at ?? '') - Date.parse(began_at), 0);
  for (const step of [1, 60, 3_600]) {
    const { totals } = await read<{ totals: Record<string, number> }>(
      running,
      `/v1/admin/history?from=${from}&to=${to}&step=${step}`,
    );
    assert.equal(totals['degraded_ms'], degradedMs);
    assert.ok(
      degradedMs < Date.parse(to) - Date.parse(known.since) - 3_000,
      'the service was away for longer',
    );
    assert.ok((totals['unmeasured_ms'] ?? 0) >= 3_000);
  }
});

test('after a start nothing that is over goes on, and what is well since then says so', async () => {
  await service?.stop();
  redis.freeze();
  let running = await start();
  await waitFor('the outage', async () => (await liveSnapshot(running)).status === 'degraded');
  const outage = await liveSnapshot(running);
  await running.stop('SIGKILL');
  redis.thaw();
  running = await start();
  await waitFor('health', async () => (await liveSnapshot(running)).status === 'healthy');
  const well = await liveSnapshot(running);
  assert.ok(well.since > outage.since);
  // A busy machine begins something new between the two: then it is tried again, from what is well since.
  for (let tries = 1; ; tries += 1) {
    const known = await liveSnapshot(running);
    await running.stop('SIGTERM');
    running = await start();
    const later = await liveSnapshot(running);
    if (later.since !== known.since && tries < 5) {
      await waitFor('health', async () => (await liveSnapshot(running)).status === 'healthy');
      continue;
    }
    assert.deepEqual([later.status, later.since], [known.status, known.since], JSON.stringify(later));
    break;
  }
});
