/**
 * Which names the service answers to, and whose page may act: against names that somebody else has lead to this
 * machine, and for whoever comes through a proxy.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { startPostgres, type PostgresServer } from 'portal-test-kit';
import { ENDPOINTS } from '../../src/api/endpoints.js';
import { ADMIN } from '../../src/auth/permission.js';
import { sendRequest, type TestResponse } from '../request.js';
import { startService, type TestService } from '../service.js';

const HEADERS_OF_ACTION = { 'Content-Type': 'application/json' };

let postgres: PostgresServer;
let databaseUrl: string;
let plain: TestService;
let open: TestService;
let published: TestService;
let port: string;

before(async () => {
  postgres = await startPostgres();
  databaseUrl = await postgres.createDatabase();
  plain = await startService({ databaseUrl });
  ({ port } = new URL(plain.url));
  open = await startService({ databaseUrl, environment: { HOST: '0.0.0.0' } });
  published = await startService({
    databaseUrl,
    environment: { PORTAL_PUBLIC_URL: 'http://status.example.org:8080/portal/', HOST: 'localhost' },
  });
});

after(async () => {
  await Promise.all([plain?.close(), open?.close(), published?.close()]);
  await postgres?.close();
});

async function statusFor(service: TestService, host: string, path = '/health'): Promise<number> {
  return (await sendRequest(service.url, path, { headers: { Host: host } })).status;
}

/** Sends it as it is, and gives the status. */
async function raw(text: string): Promise<number> {
  const socket = connect(Number(port), '127.0.0.1');
  socket.setTimeout(10_000, () => socket.destroy());
  let answer = '';
  socket.setEncoding('latin1').on('data', (piece: string) => (answer += piece));
  socket.end(text);
  await once(socket, 'close');
  return Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? 0);
}

const FOREIGN = [
  'evil.example',
  'evil.example:7331',
  'EVIL.example.',
  'localhost.evil.example',
  '127.0.0.1.evil.example',
  'evillocalhost',
  '127.0.0.1:80@evil.example',
  'evil.example@localhost',
  'localhost:evil',
  '127.1',
  '2130706433',
  '0x7f.0.0.1',
  '127.evil.example',
  '[::1',
  '[evil]',
  '::1',
  'localhost/evil',
  'localhost\\evil',
  'localhost evil',
  '.',
];
const OWN = [
  'localhost',
  'LocalHost:7331',
  'localhost.',
  'portal.localhost:1',
  '127.0.0.1',
  '127.8.9.1:7331',
  '[::1]:7331',
  '10.1.2.3',
  '[2001:db8::1]:80',
  '[::ffff:127.0.0.1]',
];

describe('bound to this machine alone, it answers to names of this machine and to addresses', () => {
  for (const host of FOREIGN) {
    test(`not to ${host}`, async () => assert.equal(await statusFor(plain, host), 421));
  }
  for (const host of OWN) {
    test(`to ${host}`, async () => assert.equal(await statusFor(plain, host), 200));
  }

  test('this stands before every path and method there is, with one answer of ours', async () => {
    const paths = [...ENDPOINTS.map((route) => route.path), '/', '/events', '/nothing', '/assets/x.js'];
    for (const path of paths.map((one) => one.replaceAll(/\{\w+\}/g, 'x'))) {
      for (const method of ['GET', 'HEAD', 'POST', 'OPTIONS', 'DELETE']) {
        const answer = await sendRequest(plain.url, path, { method, headers: { Host: 'evil.example' } });
        assert.equal(answer.status, 421, `${method} ${path}`);
        assert.equal(answer.headers['set-cookie'], undefined);
        if (method !== 'HEAD') assertOurs(answer);
      }
    }
    assert.equal((await sendRequest(plain.url, '/livez', { headers: { Host: 'localhost' } })).status, 200);
  });

  test('the one who asks may be signed in: the answer is the same', async () => {
    const cookie = await plain.sessionCookie(ADMIN);
    const answer = await sendRequest(plain.url, '/v1/admin/health', {
      cookie,
      headers: { Host: 'evil.example' },
    });
    assert.equal(answer.status, 421);
    assertOurs(answer);
  });

  test('it goes for the target as well, and for a request that names two', async () => {
    assert.equal(await raw('GET http://evil.example/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'), 421);
    assert.equal(await raw('GET http://127.0.0.1/health HTTP/1.1\r\nHost: evil.example\r\n\r\n'), 421);
    assert.equal(await raw('GET http://x@evil.example/livez HTTP/1.1\r\nHost: localhost\r\n\r\n'), 421);
    assert.equal(await raw('GET http://127.0.0.1/health HTTP/1.1\r\nHost: localhost\r\n\r\n'), 200);
    assert.equal(await raw('GET /health HTTP/1.1\r\nHost: localhost\r\nhost: evil.example\r\n\r\n'), 400);
    assert.equal(await raw('GET /health HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n'), 400);
  });

  test('a program that names nobody is answered: no browser does without', async () => {
    assert.equal(await raw('GET /livez HTTP/1.0\r\n\r\n'), 200);
    assert.equal(await raw('GET /livez HTTP/1.1\r\nHost:\r\n\r\n'), 200);
    assert.equal(await raw('GET /livez HTTP/1.1\r\n\r\n'), 400);
  });

  test('a flood of them writes few lines into the log, and the name is not in it', async () => {
    const linesBefore = plain.logged.length;
    for (let i = 0; i < 50; i++) await statusFor(plain, `evil${i}.example`);
    assert.ok(plain.logged.length - linesBefore < 30);
    assert.ok(plain.logged.every((line) => !line.includes('evil')));
    await plain.lineWith('PORTAL_PUBLIC_URL');
  });
});

function assertOurs({ json, headers, body }: TestResponse): void {
  assert.deepEqual(Object.keys(json), ['error', 'correlation_id'], body);
  assert.match(String(json['error']), /PORTAL_PUBLIC_URL/);
  assert.equal(headers['x-correlation-id'], json['correlation_id']);
  assert.equal(headers['cache-control'], 'no-store');
  assert.doesNotMatch(body, /evil/);
}

test('bound to other addresses it answers to any name: who may reach it is a matter of the network', async () => {
  const url = { ...open, url: open.url.replace('0.0.0.0', '127.0.0.1') };
  for (const host of ['portal', 'portal.monitoring.svc:7331', '10.0.0.1']) {
    assert.equal(await statusFor(url, host), 200, host);
  }
  assert.equal(await statusFor(url, 'user@portal'), 421, 'but not to what is no name');
});

test('with a public URL it answers to that name too, and below that path as without it', async () => {
  for (const host of [
    'status.example.org',
    'STATUS.example.org.:8080',
    'status.example.org:1',
    'localhost',
  ]) {
    assert.equal(await statusFor(published, host), 200, host);
    assert.equal(await statusFor(published, host, '/portal/health?x'), 200, host);
  }
  assert.equal(await statusFor(published, 'example.org'), 421);
  assert.equal(await statusFor(published, 'status.example.org.evil.example'), 421);
  assert.equal((await sendRequest(published.url, '/portal/v1/status')).status, 200);
  assert.equal((await sendRequest(published.url, '/portal/livez')).body, 'ok\n');
  for (const path of ['/portalhealth', '/portal/portal/health', '/PORTAL/health', '/other/health']) {
    assert.equal((await sendRequest(published.url, path)).status, 404, path);
  }
});

describe('whose page may act', () => {
  const sites: readonly [what: string, status: number, headers: Record<string, string>][] = [
    ['nobody’s: no browser', 204, {}],
    ['the proxy’s Host is ours, as nginx has it', 204, { Origin: 'http://status.example.org:8080' }],
    [
      'the port was lost on the way',
      204,
      { Origin: 'http://status.example.org:8080', Host: 'status.example.org' },
    ],
    ['another port', 403, { Origin: 'http://status.example.org:81', Host: 'status.example.org:81' }],
    ['another scheme', 403, { Origin: 'https://status.example.org:8080' }],
    ['below a name that is like ours', 403, { Origin: 'http://status.example.org.evil.example:8080' }],
    ['another site', 403, { Origin: 'https://evil.example' }],
    ['a page without an origin', 403, { Origin: 'null' }],
    ['by the address itself', 204, { Origin: 'http://127.0.0.1:7331', Host: '127.0.0.1:7331' }],
    ['by a name of this machine', 204, { Origin: 'http://localhost:7331', Host: 'localhost:7331' }],
    [
      'a browser says that it is ours',
      204,
      { Origin: 'https://alias.example', 'Sec-Fetch-Site': 'same-origin' },
    ],
    [
      'a browser says that it is not',
      403,
      { Origin: 'http://status.example.org:8080', 'Sec-Fetch-Site': 'same-site' },
    ],
  ];
  for (const [what, status, headers] of sites) {
    test(what, async () => {
      const answer = await sendRequest(published.url, '/portal/v1/authentication/logout', {
        method: 'POST',
        headers: { ...HEADERS_OF_ACTION, ...headers },
      });
      assert.equal(answer.status, status, answer.body);
    });
  }

  test('the log says what to do about it, once', async () => {
    await published.lineWith('an action was refused');
    const told = published.logged.filter((line) => line.includes('an action was refused'));
    assert.equal(told.length, 1);
    assert.match(told[0] ?? '', /PORTAL_PUBLIC_URL/);
    assert.ok(published.logged.every((line) => !line.includes('evil')));
  });

  test('without a public URL Host and Origin have to agree, but for the port that a scheme has anyway', async () => {
    const cases: readonly [status: number, origin: string, host: string][] = [
      [204, 'http://10.0.0.1:7331', '10.0.0.1:7331'],
      [204, 'https://10.0.0.1', '10.0.0.1:443'],
      [204, 'http://LOCALHOST', 'localhost:80'],
      [403, 'http://localhost:8080', 'localhost'],
      [403, 'http://evil.example', 'localhost'],
    ];
    for (const [status, origin, host] of cases) {
      const headers = { ...HEADERS_OF_ACTION, Origin: origin, Host: host };
      const answer = await sendRequest(plain.url, '/v1/authentication/logout', { method: 'POST', headers });
      assert.equal(answer.status, status, `${origin} ${host}`);
    }
  });
});
