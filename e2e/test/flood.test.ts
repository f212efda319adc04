/**
 * A flood of strangers, and what it must not change: the pool, the status, who is let in and who is not.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { flood, startPostgres, startRedis, waitFor } from 'portal-test-kit';
import {
  newAdministrator,
  runPortalCommand,
  startServiceProcess,
  type ServiceProcess,
} from './service-process.js';
import pg from 'pg';

const CONNECTIONS = 300;
const TRIES = 200;
const FLOODER = '127.0.3.1';
const PAGE = '/v1/admin/health';

interface Stage {
  readonly service: ServiceProcess;
  readonly stores: Readonly<Record<string, string>>;
}

async function startStage(t: TestContext, withRedis: boolean): Promise<Stage> {
  const postgres = await startPostgres();
  t.after(() => postgres.close());
  const redis = withRedis ? await startRedis() : undefined;
  t.after(() => redis?.close());
  const folder = await mkdtemp(join(tmpdir(), 'portal-e2e-flood-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const stores = {
    DATABASE_URL: await postgres.createDatabase(),
    // Nobody listens there: without Redis.
    REDIS_URL: redis?.url ?? 'redis://127.0.0.1:1',
    PORTAL_DATA_DIR: folder,
    // One machine floods and is flooded, so a look-up of a session may take longer than between two machines.
    PORTAL_SESSION_DEADLINE_MS: '2000',
    PORTAL_SESSION_REQUESTS_PER_MINUTE: '0',
  };
  await newAdministrator(stores, 'first');
  const service = await startServiceProcess(folder, stores);
  t.after(() => service.stop('SIGKILL'));
  return { service, stores };
}

/** Floods for as long as `work` takes, also where it fails. */
async function whileFlooded(
  { service }: Stage,
  method: string,
  path: string,
  work: () => Promise<void>,
): Promise<void> {
  let goesOn = true;
  const flooding = flood(service.url, {
    method,
    path,
    requests: Number.MAX_SAFE_INTEGER,
    connections: CONNECTIONS,
    from: FLOODER,
    cookie: () => `psession=${randomBytes(32).toString('base64url')}`,
    timeoutMs: 120_000,
    goesOn: () => goesOn,
  });
  try {
    await work();
  } finally {
    goesOn = false;
    await flooding;
  }
}

interface Got {
  readonly status: number;
  readonly text: string;
  readonly ms: number;
}

async function get(url: string, path: string, cookie = ''): Promise<Got> {
  const startedMs = performance.now();
  const answer = await fetch(`${url}${path}`, {
    headers: cookie === '' ? {} : { Cookie: cookie },
    signal: AbortSignal.timeout(30_000),
  });
  return { status: answer.status, text: await answer.text(), ms: performance.now() - startedMs };
}

test(`${CONNECTIONS} connections of strangers on each endpoint: at most 3 of 20 connections are out, and the page opens`, async (t) => {
  const stage = await startStage(t, true);
  const { service, stores } = stage;
  const cookie = await newAdministrator(stores, 'seen');
  const newcomer = await newAdministrator(stores, 'newcomer');
  assert.equal((await get(service.url, PAGE, cookie)).status, 200);
  const { paths } = JSON.parse((await get(service.url, '/openapi.json')).text) as {
    readonly paths: Readonly<Record<string, object>>;
  };
  const endpoints = Object.entries(paths).flatMap(([path, operations]) =>
    Object.keys(operations).map(
      (method) => [method.toUpperCase(), path.replace(/\{.*?\}/, 'abcdef')] as const,
    ),
  );
  const tookMs: number[] = [];
  for (const [method, path] of endpoints) {
    const what = `${method} ${path}`;
    await whileFlooded(stage, method, path, async () => {
      for (let look = 0; look < 3; look += 1) {
        const { text } = await get(service.url, '/health');
        const report = JSON.parse(text) as { errors: string[]; db_statistics: { checked_out: number } };
        assert.ok(report.db_statistics.checked_out <= 3, `${what}: ${text}`);
        // One machine floods, is flooded and runs other tests: that its event loop is late may be true, and nothing else.
        const other = report.errors.filter((error) => !error.includes('EVENT_LOOP_DELAYED'));
        assert.deepEqual(other, [], `${what}: ${text}`);
        const page = await get(service.url, PAGE, cookie);
        assert.equal(page.status, 200, `${what}: ${page.text}`);
        tookMs.push(page.ms);
      }
    });
  }
  assert.equal((await get(service.url, PAGE, newcomer)).status, 200);
  tookMs.sort((one, other) => one - other);
  const [median = 0, worst = 0] = [tookMs[Math.floor(tookMs.length / 2)], tookMs.at(-1)];
  t.diagnostic(
    `${tookMs.length} pages of an administrator: ${median.toFixed(0)} ms at the median, ${worst.toFixed(0)} ms at most`,
  );
});

for (const withRedis of [true, false]) {
  test(`revoked under a flood, ${withRedis ? 'with' : 'without'} Redis: 0 of ${TRIES} tries let in`, async (t) => {
    const stage = await startStage(t, withRedis);
    const { service, stores } = stage;
    const endings: Readonly<Record<string, (name: string, cookie: string) => Promise<unknown>>> = {
      'the command line': (name) => runPortalCommand(stores, 'session', 'revoke', '--user', name),
      async psql(_name, cookie) {
        const client = new pg.Client({ connectionString: stores['DATABASE_URL'] });
        await client.connect();
        await client.query('UPDATE sessions SET revoked_at = now() WHERE token_suffix = $1', [
          cookie.slice(-6),
        ]);
        await client.end();
      },
      'disabling the user': (name) => runPortalCommand(stores, 'user', 'disable', name),
    };
    for (const [index, [by, end]] of Object.entries(endings).entries()) {
      const name = `ended-${index}`;
      const cookie = await newAdministrator(stores, name);
      await waitFor('the page', async () =>
        [200, 503].includes((await get(service.url, PAGE, cookie)).status),
      );
      await whileFlooded(stage, 'POST', '/v1/authentication/logout', async () => {
        await end(name, cookie);
        let tries = 0;
        await Promise.all(
          Array.from({ length: 10 }, async () => {
            while (tries < TRIES) {
              tries += 1;
              const { status, text } = await get(service.url, PAGE, cookie);
              assert.ok([401, 429, 503].includes(status), `${by}: ${status}`);
              assert.ok(!text.includes('source_hash'), `${by}: ${text}`);
            }
          }),
        );
      });
    }
  });
}
