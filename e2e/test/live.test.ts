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
import { startPostgres, startRedis, waitFor } from 'portal-test-kit';
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

test(`${PAGES} open pages take at most a twentieth of one core`, async (t) => {
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
  const withPages = await cpuShare(service);
  const told = [...reports].map(([index, count]) => count - (beforehand.get(index) ?? 0));
  assert.ok(Math.min(...told) >= 5, `all were told, the least ${Math.min(...told)} times`);
  t.diagnostic(
    `${(withPages * 100).toFixed(1)} % of a core with ${PAGES} pages, ${(without * 100).toFixed(1)} % without`,
  );
  assert.ok(withPages - without <= 0.05);
});
