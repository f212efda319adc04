/** Stores, a folder and an administrator, for tests that read what a service has kept. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres, startRedis, type RedisServer } from 'portal-test-kit';
import { newAdministrator, WITHOUT_LIMITS } from './service-process.js';

export interface HistoryFixture {
  readonly redis: RedisServer;
  readonly folder: string;
  readonly stores: Readonly<Record<string, string>>;
  /** Of an administrator. */
  readonly cookie: string;
  /** Of the service at `url`, below `/v1/admin/`. */
  readonly read: (url: string, path: string) => Promise<Read>;
  close(): Promise<void>;
}

export interface Read {
  readonly json: Record<string, unknown>;
  readonly ms: number;
}

export async function startHistoryFixture(): Promise<HistoryFixture> {
  const [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  const folder = await mkdtemp(join(tmpdir(), 'portal-e2e-history-'));
  const stores = { DATABASE_URL: await postgres.createDatabase(), REDIS_URL: redis.url, ...WITHOUT_LIMITS };
  const cookie = await newAdministrator(stores, 'historian');
  return {
    redis,
    folder,
    stores,
    cookie,
    async read(url, path) {
      const startedMs = performance.now();
      const response = await fetch(`${url}/v1/admin/${path}`, { headers: { Cookie: cookie } });
      const body = await response.text();
      assert.equal(response.status, 200, body);
      return { json: JSON.parse(body) as Record<string, unknown>, ms: performance.now() - startedMs };
    },
    async close() {
      await Promise.all([postgres.close(), redis.close()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Whether a history has any sample. */
export function hasSamples(history: Record<string, unknown>): boolean {
  return (history['status'] as unknown[]).some((one) => one !== null);
}
