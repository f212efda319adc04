/**
 * Every answer is one of ours, also where Node would give one by itself: our form, an id, and a line in the log.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startPostgres, waitFor, type PostgresServer } from 'portal-test-kit';
import { newToken } from '../../src/auth/sessions/token.js';
import { sendRequest } from '../request.js';
import { startService, type TestService } from '../service.js';
import { connectRaw, wire } from './sockets.js';

let postgres: PostgresServer;
let service: TestService;

before(async () => {
  postgres = await startPostgres();
  service = await startService({ databaseUrl: await postgres.createDatabase() });
});

after(async () => {
  await service?.close();
  await postgres?.close();
});

/** Sends bytes, and gives all that comes until the connection ends. */
async function exchange(bytes: string): Promise<string> {
  const { socket, received, over } = await connectRaw(Number(new URL(service.url).port));
  socket.write(bytes, 'latin1');
  await over(60_000);
  return received();
}

async function assertOurs(reply: string, status: number, sentence: string): Promise<void> {
  const [head = '', body = ''] = reply.split('\r\n\r\n');
  assert.ok(head.startsWith(`HTTP/1.1 ${status} `), reply);
  assert.equal(reply.match(/^HTTP\/1\.1 /gm)?.length, 1, reply);
  const id = /^x-correlation-id: (.+)$/im.exec(head)?.[1];
  assert.ok(id !== undefined);
  assert.match(head, /^content-type: application\/json$/im);
  assert.match(head, /^cache-control: no-store$/im);
  if (body !== '') assert.deepEqual(JSON.parse(body), { error: sentence, correlation_id: id });
  await service.lineWith(id);
}

for (const [what, status, sentence, bytes] of [
  ['an expectation that nobody can meet', 417, 'Expectation failed', wire('/health', ['Expect: nonsense'])],
  ['one at a door of the framework', 417, 'Expectation failed', wire('/docs', ['Expect: 200-ok'])],
  [
    'one with a body',
    417,
    'Expectation failed',
    `${wire('/v1/authentication/verify', ['Expect: x', 'Content-Length: 2'], 'POST')}{}`,
  ],
  ['no host', 400, 'Bad request', 'GET /health HTTP/1.1\r\n\r\n'],
  ['no host at a door of the framework', 400, 'Bad request', 'GET /docs HTTP/1.1\r\n\r\n'],
  ['an address too long', 414, 'URI too long', wire(`/docs?${'x'.repeat(5_000)}`)],
  ['too many header fields', 431, 'Request header fields too large', wire('/', [`X: ${'x'.repeat(20_000)}`])],
  ['no HTTP', 400, 'Bad request', 'nonsense\r\n\r\n'],
  ['no HTTP after an answer', 400, 'Bad request', ' \r\n\r\n'],
] as const) {
  test(`${what}: ${status}`, async () => assertOurs(await exchange(bytes), status, sentence));
}

test('what HTTP/1.0 does not ask for, nobody asks for', async () => {
  const head = 'GET /livez HTTP/1.0\r\n';
  assert.match(await exchange(`${head}\r\n`), /^HTTP\/1\.1 200 /);
  assert.match(await exchange(`${head}Expect: nonsense\r\n\r\n`), /^HTTP\/1\.1 200 /);
});

test('who waits to be told to go on is told, and answered', async () => {
  const fields = ['Expect: 100-Continue', 'Content-Type: application/json', 'Content-Length: 2'];
  const reply = await exchange(
    wire('/v1/authentication/verify', [...fields, 'Connection: close'], 'POST') + '{}',
  );
  assert.match(reply, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 400 /);
});

test('methods that ask for another protocol are answered or closed, and nothing else is said', async () => {
  assert.equal(await exchange('CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n'), '');
  const upgrade = ['Connection: Upgrade, close', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA'];
  assert.match(await exchange(wire('/livez', upgrade)), /^HTTP\/1\.1 200 /);
  await assertOurs(await exchange('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), 400, 'Bad request');
});

test('long addresses and cookies: the public doors do not look at them, and a session among too many is none', async () => {
  const long = 'x'.repeat(9_000);
  assert.equal((await sendRequest(service.url, `/health?${long}`)).status, 200);
  assert.equal((await sendRequest(service.url, '/health', { cookie: long })).status, 200);
  const cookie = `psession=${newToken()}`;
  const { bytes } = await sendRequest(service.url, '/v1/admin/health', { cookie });
  assert.equal(
    (await sendRequest(service.url, '/v1/admin/health', { cookie: `${cookie}; x=${long}` })).bytes,
    bytes,
  );
});

test('nobody writes the log at will: a thousand questions of one kind are a few lines', async () => {
  const linesBefore = service.logged.length;
  const port = Number(new URL(service.url).port);
  for (let round = 0; round < 63; round += 1) {
    const { socket, received, close } = await connectRaw(port);
    socket.write(wire(`/nowhere-${round}`).repeat(16));
    await waitFor('answers', () => received().match(/"Not found"/g)?.length === 16);
    close();
  }
  assert.ok(service.logged.length - linesBefore <= 40, `${service.logged.length - linesBefore} lines`);
});
