import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { createHealthDoor } from '../../src/adapters/node.js';
import { createHealth, type Health } from '../../src/health.js';

interface Reply {
  readonly status: number | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

let health: Health;
let broken = false;
let port = 0;
const server = createServer();

before(async () => {
  health = createHealth({
    checks: {
      queue: { check: () => !broken, critical: true, intervalMs: 20 },
    },
    startedAt: new Date('2026-03-01T00:00:00Z'),
  });
  const door = createHealthDoor(health);
  server.on('request', (req, res) => {
    if (!door(req, res)) res.writeHead(299).end('the application');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});

after(async () => {
  await health.close();
  server.close();
});

/** A request with its path exactly as written, which `fetch` would tidy up. */
async function ask(path: string, method = 'GET', headers: OutgoingHttpHeaders = {}): Promise<Reply> {
  const req = request({ port, host: '127.0.0.1', path, method, headers, agent: false });
  req.end();
  const [res] = (await once(req, 'response')) as [IncomingMessage];
  let body = '';
  for await (const chunk of res) body += String(chunk);
  return { status: res.statusCode, headers: res.headers, body };
}

test('before the first report: alive, not ready, not started, and unhealthy rather than guessed', async () => {
  assert.equal((await ask('/livez')).status, 200);
  assert.equal((await ask('/readyz')).status, 503);
  assert.equal((await ask('/startupz')).status, 503);
  const { status, body } = await ask('/health');
  assert.equal(status, 503);
  assert.deepEqual(JSON.parse(body).errors, ['A check has no fresh result (CHECK_STALE)']);
  await health.start();
});

test('GET /health is the public document with its headers', async () => {
  const { status, headers, body } = await ask('/health');
  assert.equal(status, 200);
  assert.equal(headers['content-type'], 'application/json');
  assert.equal(headers['cache-control'], 'public, max-age=1');
  assert.equal(headers['content-length'], String(body.length));
  assert.deepEqual(Object.keys(JSON.parse(body)), [
    'status',
    'database',
    'cache',
    'started_at',
    'db_statistics',
    'cache_statistics',
    'errors',
  ]);
});

test('HEAD has the headers of GET and no body', async () => {
  for (const path of ['/health', '/livez', '/readyz', '/startupz']) {
    const [get, head] = [await ask(path), await ask(path, 'HEAD')];
    assert.equal(head.status, get.status);
    assert.equal(head.body, '');
    const { date: _date, ...headers } = get.headers;
    const { date: _date2, ...headHeaders } = head.headers;
    assert.deepEqual(headHeaders, headers);
  }
});

test('any other method is 405, says which are allowed, and has an id', async () => {
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND']) {
    for (const path of ['/health', '/livez', '/readyz?verbose']) {
      const { status, headers, body } = await ask(path, method);
      assert.equal(status, 405, `${method} ${path}`);
      assert.equal(headers.allow, 'GET, HEAD');
      const { error, correlation_id: id } = JSON.parse(body) as { error: string; correlation_id: string };
      assert.equal(error, 'Method not allowed');
      assert.equal(headers['x-correlation-id'], id);
      assert.match(id, /^[0-9a-f-]{36}$/);
    }
  }
});

test('query strings, trailing and doubled slashes, and a proxy that sends the whole URL change nothing', async () => {
  const plain = (await ask('/health')).body;
  for (const path of [
    '/health?',
    '/health?verbose',
    '/health/',
    '//health',
    '//health//?x=/y//z',
    '/health#fragment',
    'http://example.org/health',
    'HTTP://example.org:80//health/?a=b',
  ]) {
    const { status, body } = await ask(path);
    assert.equal(status, 200, path);
    assert.equal(body, plain, path);
  }
});

test('what is not a door goes to the application', async () => {
  for (const path of [
    '/',
    '/healthy',
    '/health/x',
    '/HEALTH',
    '/v1/admin/health',
    '/?/health',
    '/health%2f',
    '*',
  ]) {
    assert.equal((await ask(path, path === '*' ? 'OPTIONS' : 'GET')).status, 299, path);
  }
});

test('?verbose names each check and its codes, and nothing more', async () => {
  assert.equal((await ask('/readyz?verbose')).body, 'queue up\nok\n');
  assert.equal((await ask('/livez?verbose=1')).body, 'queue up\nok\n');
  assert.equal((await ask('/readyz?verbose=0')).body, 'ok\n');
  assert.equal((await ask('/readyz')).headers['content-type'], 'text/plain; charset=utf-8');
});

test('a critical failure makes it unready and unhealthy, never dead; recovery is seen', async () => {
  broken = true;
  await until(async () => (await ask('/readyz')).status === 503);
  const { status, body } = await ask('/health');
  assert.equal(status, 503);
  assert.equal(JSON.parse(body).status, 'unhealthy');
  assert.equal((await ask('/readyz?verbose')).body, 'queue down CHECK_FAILED\nnot ready\n');
  assert.equal((await ask('/livez')).status, 200);
  assert.equal((await ask('/startupz')).status, 200, 'started once is started');
  broken = false;
  await until(async () => (await ask('/readyz')).status === 200);
  assert.equal((await ask('/health')).status, 200);
});

test('draining: readiness says no, liveness and the report go on', async () => {
  health.drain();
  assert.equal((await ask('/readyz')).status, 503);
  assert.equal((await ask('/livez')).status, 200);
  assert.equal((await ask('/health')).status, 200);
});

test('a door can be moved or closed, and an option that cannot be used is named', () => {
  const bad: [unknown, string][] = [
    [
      { paths: { health: 'health' } },
      'Expected the `paths.health` option to begin with a slash, got "health".',
    ],
    [
      { paths: { heath: '/x' } },
      'Expected the `paths` option to be among health, metrics, livez, readyz, startupz, got "heath".',
    ],
    [{ viewer: 'admin' }, 'Expected the `viewer` option to be a function, got "admin".'],
    [
      { viewerDeadlineMs: 0 },
      'Expected the `viewerDeadlineMs` option to be a positive number of milliseconds, got 0.',
    ],
  ];
  for (const [options, message] of bad) {
    assert.throws(() => createHealthDoor(health, options as never), { name: 'TypeError', message });
  }
  const moved = createHealthDoor(health, { paths: { health: '/status/', livez: null } });
  const taken = (url: string): boolean => {
    const response = { writeHead: () => response, end: () => response };
    return moved({ url, method: 'GET', headers: {} } as IncomingMessage, response as never);
  };
  assert.deepEqual(['/status', '/health', '/livez', '/readyz'].map(taken), [true, false, false, true]);
});

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail('the condition did not hold within 5 s');
}
