/** Who sees reasons, on the wire: administrators, and nobody else a single byte of them. */
import { deepEqual, doesNotMatch, equal, match, ok } from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { startPostgres, waitFor, type PostgresServer } from 'portal-test-kit';
import { createHealthHandler } from '../../src/adapters/node.js';
import type { EndpointOptions } from '../../src/http/endpoints.js';
import type { ReasonsDocument } from '../../src/http/formats/reasons-json.js';
import type { Health } from '../../src/health.js';
import type { DatabaseOptions } from '../../src/health-options.js';
import { withHealth } from '../with-health.js';

let server: PostgresServer;

before(async () => {
  server = await startPostgres();
});

after(() => server.close());

const ADMIN = { authorization: 'Bearer admin' };
const byToken: EndpointOptions = {
  viewer: (request) =>
    (request as { headers: { authorization?: string } }).headers.authorization === ADMIN.authorization
      ? 'admin'
      : 'public',
};

type Ask = (path: string, init?: RequestInit) => Promise<Response>;

async function withEndpoints(
  health: Health,
  options: EndpointOptions,
  work: (ask: Ask) => Promise<void>,
): Promise<void> {
  const handler = createHealthHandler(health, options);
  const http = createServer((request, response) => {
    if (!handler(request, response)) response.writeHead(404).end('of the application');
  });
  await new Promise<void>((resolve) => void http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;
  try {
    await work((path, init) => fetch(`http://127.0.0.1:${port}${path}`, init));
  } finally {
    http.closeAllConnections();
    await new Promise((resolve) => http.close(resolve));
  }
}

const QUICK = { slowMs: 60_000, deadlineMs: 60_000 };
const LEAKER = 'leaker';

/** A health whose pool of one has leaked its connection. */
async function withLeak(
  explain: DatabaseOptions['explain'],
  work: (health: Health) => Promise<void>,
): Promise<void> {
  const pool = new pg.Pool({ connectionString: server.url, max: 1, application_name: LEAKER });
  const client = await pool.connect();
  try {
    await withHealth({ database: { pool, ...QUICK, ...(explain && { explain }) } }, work);
  } finally {
    client.release();
    await pool.end();
  }
}

void test('an administrator reads the reasons; everybody else is told that there is nothing', async () => {
  const explain = { holderAfterMs: 100, sites: true, describe: () => 'GET /orders' };
  await withLeak(explain, async (health) => {
    await health.start();
    await withEndpoints(health, byToken, async (ask) => {
      const response = await ask('/health/reasons', { headers: ADMIN });
      equal(response.status, 200);
      equal(response.headers.get('content-type'), 'application/json');
      equal(response.headers.get('cache-control'), 'private, no-store');
      equal(response.headers.get('vary'), 'Cookie, Authorization');
      deepEqual(Object.keys((await response.json()) as object), ['reasons']);
      for (const init of [{}, { method: 'POST' }, { headers: { authorization: 'Bearer other' } }]) {
        const refused = await ask('/health/reasons', init);
        equal(refused.status, 404);
        const { error, correlation_id: id } = (await refused.json()) as Record<string, string>;
        equal(error, 'Not found');
        equal(refused.headers.get('x-correlation-id'), id);
      }
      equal((await ask('/health/reasons', { headers: ADMIN, method: 'POST' })).status, 405);
      const head = await ask('/health/reasons', { headers: ADMIN, method: 'HEAD' });
      equal(head.status, 200);
      equal(await head.text(), '');
    });
    await withEndpoints(health, {}, async (ask) => {
      equal(await (await ask('/health/reasons', { headers: ADMIN })).text(), 'of the application');
    });
    await withEndpoints(health, { ...byToken, paths: { reasons: null } }, async (ask) => {
      equal(await (await ask('/health/reasons', { headers: ADMIN })).text(), 'of the application');
    });
  });
});

void test('a reason has its keys in their order, and its code is a metric for administrators alone', async () => {
  const pool = new pg.Pool({ connectionString: server.url, max: 1 });
  await withHealth({ database: { pool, ...QUICK, explain: { holderAfterMs: 100 } } }, async (health) => {
    const client = await pool.connect();
    await waitFor('the leak', () => health.reasons('admin').length > 0);
    await withEndpoints(health, byToken, async (ask) => {
      const { reasons } = (await (
        await ask('/health/reasons', { headers: ADMIN })
      ).json()) as ReasonsDocument;
      const [reason] = reasons;
      deepEqual(Object.keys(reason ?? {}), [
        'code',
        'explains',
        'sentence',
        'figures',
        'checked_at',
        'age_ms',
        'next',
      ]);
      equal(reason?.code, 'CONNECTION_LEAK');
      match(reason.checked_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      const metrics = await (await ask('/metrics', { headers: ADMIN })).text();
      match(metrics, /^portal_health_reason\{code="CONNECTION_LEAK"\} 1$/m);
      match(metrics, /^portal_health_reason\{code="LOCK_QUEUE"\} 0$/m);
      doesNotMatch(await (await ask('/metrics')).text(), /portal_health_reason|CONNECTION_LEAK/);
    });
    client.release();
  });
  await pool.end();
});

/** What everybody may ask, in every form that has one of its own. */
const MATRIX: readonly (readonly [path: string, init: RequestInit])[] = [
  ...['/health', '/metrics', '/livez', '/readyz', '/startupz', '/health/reasons', '/nothing'].flatMap(
    (path) => ['GET', 'HEAD', 'POST'].map((method) => [path, { method }] as const),
  ),
  ['/health', { headers: { accept: 'application/health+json' } }],
  ['/health?verbose', {}],
  ['/readyz?verbose', {}],
  ['/metrics', { headers: { accept: 'application/openmetrics-text' } }],
  ['/health/reasons/', { headers: { authorization: 'Bearer wrong' } }],
  ['//health//reasons?viewer=admin', {}],
];

/** All that is sent, without what is another at every answer. */
async function bytesOf(response: Response): Promise<string> {
  const headers = [...response.headers].filter(([name]) => !['date', 'x-correlation-id'].includes(name));
  const text = await response.text();
  const plain = text
    .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'ID')
    .replaceAll(/"(latency_ms|observedValue)":[\d.]+/g, '"$1":N')
    .replaceAll(/"(started_at|time)":"[^"]*"/g, '"$1":"T"')
    // How often and how fast the probe ran is another number each time.
    .replaceAll(/^(portal_health_(?:latency|start_time|last_success|probe)\w*(?:\{[^}]*\})?) .*$/gm, '$1 N');
  return JSON.stringify([response.status, headers.filter(([name]) => name !== 'content-length'), plain]);
}

async function publicBytes(explain: DatabaseOptions['explain']): Promise<readonly string[]> {
  const bytes: string[] = [];
  await withLeak(explain, async (health) => {
    await withEndpoints(health, byToken, async (ask) => {
      if (explain) await waitFor('the leak', () => health.reasons('admin').length > 0);
      for (const [path, init] of MATRIX) bytes.push(await bytesOf(await ask(path, init)));
    });
  });
  return bytes;
}

void test('below an administrator no byte differs with reasons on', async () => {
  const off = await publicBytes(undefined);
  const on = await publicBytes({ holderAfterMs: 50, sites: true, describe: () => 'secret-route' });
  for (const [index, bytes] of on.entries()) equal(bytes, off[index], JSON.stringify(MATRIX[index]));
  ok(on.every((bytes) => !bytes.includes('secret-route') && !bytes.includes(LEAKER)));
});
