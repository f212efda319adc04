/**
 * Behind a proxy: whose address counts, and who can say that it is another.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startPostgres, waitFor, type PostgresServer } from 'portal-test-kit';
import { ADMIN } from '../src/auth/permission.js';
import { sendRequest, type TestRequest, type TestResponse } from './request.js';
import { startService, type TestService } from './service.js';
import { sql } from './sql.js';

const MOST = 3;
const PROXY = '127.0.0.1';
const OTHER_ADDRESS = '127.0.9.9';

let postgres: PostgresServer;
let databaseUrl: string;
let service: TestService;

before(async () => {
  postgres = await startPostgres();
  databaseUrl = await postgres.createDatabase();
  service = await startService({
    databaseUrl,
    environment: {
      PORTAL_TRUSTED_PROXIES: `${PROXY}, 127.0.1.0/24, 2001:db8:ffff::/48`,
      PORTAL_REFUSALS_PER_MINUTE: String(MOST),
    },
  });
});

after(async () => {
  await service?.close();
  await postgres?.close();
});

function from(address: string, forwardedFor: string, more: TestRequest = {}): Promise<TestResponse> {
  return sendRequest(service.url, '/v1/admin/health', {
    from: address,
    ...more,
    headers: { 'X-Forwarded-For': forwardedFor, ...more.headers },
  });
}

async function useUp(address: string, forwardedFor: string): Promise<void> {
  for (let i = 0; i < MOST; i++) assert.equal((await from(address, forwardedFor)).status, 401);
}

test('limits are those of the client whom the proxy names, not of the proxy', async () => {
  await useUp(PROXY, '192.0.2.1');
  assert.equal((await from(PROXY, '192.0.2.1')).status, 429);
  assert.equal((await from(PROXY, '192.0.2.2')).status, 401, 'somebody else behind the same proxy');
  assert.equal((await from(PROXY, '192.0.2.1:4711')).status, 429, 'a port makes nobody of it');
  assert.equal((await from(PROXY, '::ffff:192.0.2.1')).status, 429, 'nor another spelling');
});

test('what a client wrote in front of it counts for nothing', async () => {
  await useUp(PROXY, '192.0.2.10');
  for (const forged of ['198.51.100.1', 'unknown', '127.0.0.1', "'; --", '192.0.2.99, 192.0.2.98']) {
    assert.equal((await from(PROXY, `${forged}, 192.0.2.10`)).status, 429, forged);
  }
});

test('through several proxies it is the last who is none', async () => {
  await useUp(PROXY, '192.0.2.20, 2001:db8:ffff::1, 127.0.1.7');
  assert.equal((await from(PROXY, '192.0.2.20')).status, 429);
  assert.equal((await from('127.0.1.8', '192.0.2.20, [2001:db8:ffff::2]:80')).status, 429);
});

test('rubbish at the end makes nobody new: then it is the proxy itself that is counted', async () => {
  for (let i = 0; i < MOST; i++)
    assert.equal((await from('127.0.1.20', `192.0.2.40, rubbish-${i}`)).status, 401);
  assert.equal((await from('127.0.1.20', '192.0.2.41, more-rubbish')).status, 429);
  assert.equal((await from('127.0.1.20', ',')).status, 429);
  assert.equal((await from('127.0.1.20', '192.0.2.40')).status, 401);
  assert.ok(service.logged.every((line) => !line.includes('rubbish')));
});

test('a client of IPv6 is its network', async () => {
  await useUp(PROXY, '2001:db8:1:2::1');
  assert.equal((await from(PROXY, '2001:DB8:1:2:ffff::9')).status, 429);
  assert.equal((await from(PROXY, '2001:db8:1:3::1')).status, 401);
});

test('anybody else can say what they like: they stay who they are', async () => {
  await useUp(OTHER_ADDRESS, '192.0.2.30');
  for (const headers of [
    { 'X-Forwarded-For': '192.0.2.31' },
    { 'X-Forwarded-For': PROXY },
    { 'X-Forwarded-For': `192.0.2.32, ${PROXY}` },
    { 'X-Real-IP': '192.0.2.33' },
    { Forwarded: 'for=192.0.2.34' },
    { 'X-Forwarded-For': '192.0.2.35', 'X-Forwarded-Host': 'localhost', 'X-Forwarded-Proto': 'https' },
  ]) {
    const { status } = await sendRequest(service.url, '/v1/admin/health', { from: OTHER_ADDRESS, headers });
    assert.equal(status, 429, JSON.stringify(headers));
  }
  assert.equal((await from(PROXY, '192.0.2.30')).status, 401, 'and use up nobody else’s limit');
});

test('X-Forwarded-Host and -Proto are believed of nobody', async () => {
  const forged = { 'X-Forwarded-Host': 'evil.example', 'X-Forwarded-Proto': 'https' };
  const { status } = await sendRequest(service.url, '/v1/authentication/logout', {
    method: 'POST',
    headers: { ...forged, Origin: 'https://evil.example' },
  });
  assert.equal(status, 403);
});

test('a code that was asked for is bound to the client, and the audit and the log name it', async () => {
  await service.app.users.add('operator', 'behind', ADMIN);
  const user = (await service.app.users.list()).find(({ name }) => name === 'behind');
  const { code } = await service.app.signIn.make(user?.id ?? 0, 'command');
  const { status } = await sendRequest(service.url, '/v1/authentication/verify', {
    method: 'POST',
    body: JSON.stringify({ code }),
    headers: { 'X-Forwarded-For': '198.51.100.9, 192.0.2.77:1234' },
  });
  assert.equal(status, 200);
  await waitFor('an entry of the audit', async () => {
    const rows = await sql(databaseUrl, "SELECT address FROM audit WHERE action = 'signed_in'");
    return rows.some(({ address }) => address === '192.0.2.77');
  });
  const line = await service.lineWith('/v1/authentication/verify');
  assert.equal((JSON.parse(line) as { client?: string }).client, '192.0.2.77');
  assert.ok(service.logged.every((text) => !text.includes('198.51.100')));
});
