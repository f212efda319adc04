/**
 * Two hundred pages that are open at once: what they cost.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startPostgres, startRedis, waitFor, type PostgresServer, type RedisServer } from 'portal-test-kit';
import {
  newAdministrator,
  startServiceProcess,
  WITHOUT_LIMITS,
  type ServiceProcess,
} from './service-process.js';

const PAGES = 200;
const WINDOW_S = 15;

async function cpuShare(service: ServiceProcess): Promise<number> {
  const [beforeS, startedMs] = [await service.cpuSeconds(), performance.now()];
  await sleep(WINDOW_S * 1_000);
  const share = (await service.cpuSeconds()) - beforeS;
  return share / ((performance.now() - startedMs) / 1_000);
}

/** What the cache was asked for sessions so far. */
async function cacheCommands(redis: RedisServer): Promise<number[]> {
  const calls = await redis.calls();
  return ['get', 'set', 'del', 'publish'].map((name) => calls.get(name) ?? 0);
}

/** How many of the connections that are kept asked the database anything since; those of probes are new each time. */
async function databaseQueries(
  postgres: PostgresServer,
  databaseUrl: string,
  since: unknown,
): Promise<unknown> {
  const [row] = await postgres.query(
    `SELECT count(*)::int AS asked FROM pg_stat_activity WHERE datname = $1 AND application_name IN ('portal', 'portal-sessions')
     AND backend_start < $2 AND query_start > $2`,
    [new URL(databaseUrl).pathname.slice(1), since],
  );
  return row?.['asked'];
}

test(`${PAGES} open pages take at most a twentieth of one core, and cause no question at either store`, async (t) => {
  const [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  const folder = await mkdtemp(join(tmpdir(), 'portal-e2e-live-'));
  t.after(() => Promise.all([postgres.close(), redis.close(), rm(folder, { recursive: true, force: true })]));
  const stores = { DATABASE_URL: await postgres.createDatabase(), REDIS_URL: redis.url, ...WITHOUT_LIMITS };
  const cookie = await newAdministrator(stores, 'reader');
  const service = await startServiceProcess(folder, stores);
  t.after(() => service.stop('SIGKILL'));
  await sleep(3_000);
  const without = await cpuShare(service);

  const reports = new Map<number, number>();
  const refusals: (number | undefined)[] = [];
  const pages = Array.from({ length: PAGES }, (_, index) => {
    const page = request(`${service.url}/v1/admin/live`, { agent: false, headers: { Cookie: cookie } });
    page.on('response', (response) => {
      if (response.statusCode !== 200) refusals.push(response.statusCode);
      response.setEncoding('utf8').on('data', (text: string) => {
        reports.set(index, (reports.get(index) ?? 0) + text.split('event: report\n').length - 1);
      });
      response.on('error', () => undefined);
    });
    page.on('error', () => undefined);
    page.end();
    return page;
  });
  t.after(() => {
    for (const page of pages) page.destroy();
  });
  await waitFor('every page', () => reports.size === PAGES, { timeoutMs: 30_000 });
  assert.deepEqual(refusals, []);
  const beforehand = new Map(reports);
  // Who was let in is noted once.
  await sleep(3_000);
  const [clock] = await postgres.query('SELECT now() AS now');
  const commands = await cacheCommands(redis);
  await sleep(3_000);
  assert.equal(await databaseQueries(postgres, stores.DATABASE_URL, clock?.['now']), 0);
  assert.deepEqual(await cacheCommands(redis), commands);
  const withPages = await cpuShare(service);
  const told = [...reports].map(([index, count]) => count - (beforehand.get(index) ?? 0));
  assert.ok(Math.min(...told) >= 5, `all were told, the least ${Math.min(...told)} times`);
  t.diagnostic(
    `${(withPages * 100).toFixed(1)} % of a core with ${PAGES} pages, ${(without * 100).toFixed(1)} % without`,
  );
  assert.ok(withPages - without <= 0.05);
});
