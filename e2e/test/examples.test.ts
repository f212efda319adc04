/**
 * The examples as they are, each a process of its own: healthy on real stores, degraded without the cache, gone in good
 * order at SIGTERM.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startPostgres, startProxy, startRedis, waitFor } from 'portal-test-kit';
import type { PostgresServer, Proxy, RedisServer } from 'portal-test-kit';
import type { Report } from 'portal-health';

const FOLDER = fileURLToPath(new URL('../../../examples/', import.meta.url));
const TOKEN = 'the-token-of-an-administrator';
/** What differs from framework to framework in what an example shows. */
const SHOWS: Readonly<Record<string, { readonly prefix?: string; readonly home?: number }>> = {
  'express.mjs': {},
  'fastify.mjs': { home: 401 },
  'hono.mjs': { prefix: '/internal' },
  'koa.mjs': {},
  'nest.mjs': {},
  'node.mjs': {},
};

let postgres: PostgresServer;
let redis: RedisServer;
let cache: Proxy;
let database: string;

before(async () => {
  [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  cache = await startProxy(redis);
  database = await postgres.createDatabase();
});

after(async () => {
  await cache.close();
  await Promise.all([postgres.close(), redis.close()]);
});

test('every example is run', () => {
  const files = readdirSync(FOLDER).filter((name) => name.endsWith('.mjs'));
  assert.deepEqual(files.toSorted(), Object.keys(SHOWS));
});

for (const [file, { prefix = '', home = 200 }] of Object.entries(SHOWS)) {
  test(file, { timeout: 60_000 }, async () => {
    const app = spawn(process.execPath, [FOLDER + file], {
      env: {
        PATH: process.env['PATH'],
        PORT: '0',
        DATABASE_URL: database,
        REDIS_URL: `redis://127.0.0.1:${cache.port}`,
        TOKEN_SHA256: createHash('sha256').update(TOKEN).digest('hex'),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    // With all that it has said.
    const ended = once(app, 'close');
    let said = '';
    let url: string | undefined;
    for (const stream of [app.stdout, app.stderr]) {
      createInterface(stream).on('line', (line) => {
        said += `${line}\n`;
        url ??= /^Listening on (http:\S+)/.exec(line)?.[1];
      });
    }
    try {
      await waitFor('it to listen', () => url !== undefined || app.exitCode !== null, { timeoutMs: 30_000 });
      assert.ok(url, said);
      const door = url + prefix;
      const report = async (headers: Record<string, string> = {}): Promise<Report> =>
        (await (await fetch(`${door}/health`, { headers })).json()) as Report;

      await waitFor('it to be healthy', async () => (await report()).status === 'healthy');
      const { database: databaseUp, cache: cacheUp, errors } = await report();
      assert.deepEqual([databaseUp, cacheUp, errors], [true, true, []]);
      for (const path of ['/livez', '/readyz', '/startupz', '/metrics']) {
        assert.equal((await fetch(door + path)).status, 200, path);
      }
      assert.equal((await fetch(url)).status, home);
      if (file === 'fastify.mjs') {
        const admin = await report({ authorization: `Bearer ${TOKEN}` });
        assert.match(String(admin.source_hash), /^[0-9a-f]{64}$/);
        assert.equal('source_hash' in (await report()), false);
      }

      await cache.fault('refuse');
      await waitFor('it to be degraded', async () => (await report()).status === 'degraded', {
        timeoutMs: 15_000,
      });
      assert.equal((await fetch(`${door}/readyz`)).status, 200);
      await cache.heal();
      await waitFor('it to be healthy again', async () => (await report()).status === 'healthy', {
        timeoutMs: 15_000,
      });

      app.kill('SIGTERM');
      const [code, signal] = (await ended) as [number | null, string | null];
      // Nest passes the signal on to itself when it is done.
      assert.ok(code === 0 || signal === 'SIGTERM', said);
      assert.doesNotMatch(said, /app:|Error/, 'neither credentials nor a stack trace in what it says');
    } finally {
      app.kill('SIGKILL');
      await cache.heal();
    }
  });
}
