/** Requests to an Alertmanager that does not answer, refuses, leads elsewhere, or is not the one that was meant. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { Worker } from 'node:worker_threads';
import { makeCertificate, waitFor } from 'portal-test-kit';
import { createAlertmanagerClient } from '../../../src/monitoring/alerts/alertmanager-client.js';

async function portOf(t: TestContext, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

test('one that does not answer in time is left by a reset: nothing of the report can arrive later', async (t) => {
  let ended = '';
  const server = createServer((socket) => {
    socket.resume();
    socket.on('error', (error: NodeJS.ErrnoException) => (ended = String(error.code)));
    socket.on('end', () => (ended ||= 'in good order'));
  });
  const port = await portOf(t, server);
  const client = createAlertmanagerClient({
    url: `http://127.0.0.1:${port}`,
    tokenFile: undefined,
    timeoutMs: 200,
  });
  await assert.rejects(client.post('alerts', []), { code: 'ETIMEDOUT' });
  await waitFor('its end', () => ended !== '');
  assert.equal(ended, 'ECONNRESET');
});

test('what it said before this process stood still for longer than an answer may take is no answer', async (t) => {
  const timeoutMs = 2_000;
  const answered = new SharedArrayBuffer(4);
  const standStill = (ms?: number): unknown => Atomics.wait(new Int32Array(answered), 0, ms ? 1 : 0, ms);
  const host = new Worker(new URL('./late-host.js', import.meta.url), { workerData: answered });
  t.after(() => host.terminate());
  const [port] = (await once(host, 'message')) as [number];
  host.on('message', () => standStill());
  const other = connect(port, '127.0.0.1');
  t.after(() => other.destroy());
  other.write('first');
  // Both answers are read in one turn of the event loop, before it looks at its timers.
  other.on('data', () => standStill(2 * timeoutMs));
  await once(other, 'connect');
  const client = createAlertmanagerClient({
    url: `http://127.0.0.1:${port}`,
    tokenFile: undefined,
    timeoutMs,
  });
  t.after(() => client.close());
  await assert.rejects(client.get('alerts'), { code: 'ETIMEDOUT' });
});

test('what refuses, leads elsewhere or says no JSON is refused by its status', async (t) => {
  const server = createHttpServer((request, response) => {
    if (request.url === '/api/v2/found') response.writeHead(302, { Location: '/api/v2/alerts' }).end();
    else if (request.url === '/api/v2/alerts') response.end(`[${request.headers['content-length'] ?? null}]`);
    else response.writeHead(500).end();
  });
  const port = await portOf(t, server);
  const client = createAlertmanagerClient({ url: `http://127.0.0.1:${port}`, tokenFile: undefined });
  t.after(() => client.close());
  await assert.rejects(client.get('found'), { code: 'HTTP_302' });
  await assert.rejects(client.delete('silence/1'), { code: 'HTTP_500' });
  await client.post('alerts', [1]);
  assert.deepEqual(await client.get('alerts'), [null]);
});

test('a certificate that nobody vouches for is not accepted', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'portal-alertmanager-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const { certificate, key } = await makeCertificate(folder, 'localhost', { days: 2 });
  const server = createTlsServer({ cert: await readFile(certificate), key: await readFile(key) });
  const port = await portOf(t, server);
  const client = createAlertmanagerClient({ url: `https://localhost:${port}`, tokenFile: undefined });
  await assert.rejects(client.get('alerts'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
});
