/**
 * Answers that nobody takes: ended, whether they have an end or go on and on. Whoever reads slowly has all the time.
 */
import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, connect } from 'node:net';
import { once } from 'node:events';
import { afterEach, test } from 'node:test';
import { waitFor } from 'portal-test-kit';
import { createHttpServer, type HttpServer } from '../../src/infra/http.js';
import { peerKey, sendQueues } from '../../src/infra/send-queues.js';
import { connectRaw, wire, type RawClient } from './sockets.js';

const STANDSTILL_MS = 3_000;
const started: HttpServer[] = [];
const clients: RawClient[] = [];
const timers: NodeJS.Timeout[] = [];

afterEach(async () => {
  for (const timer of timers.splice(0)) clearInterval(timer);
  for (const { close } of clients.splice(0)) close();
  await Promise.all(started.splice(0).map((http) => http.stop(100)));
});

/** A server that answers so, and two clients of it that have asked: one reads nothing, one reads a little at a time. */
async function asked(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const http = createHttpServer((error) => assert.fail(String(error)), { stalledMs: STANDSTILL_MS });
  started.push(http);
  http.onRequest(answer);
  const port = await http.listen({ host: '127.0.0.1', port: 0 });
  const [still, slow] = [
    await connectRaw(port, { isReading: false }),
    await connectRaw(port, { isReading: false }),
  ];
  clients.push(still, slow);
  const read = { bytes: 0 };
  slow.socket.on('data', (chunk) => {
    read.bytes += chunk.length;
    slow.socket.pause();
    setTimeout(() => slow.socket.resume(), 5);
  });
  for (const { socket } of [still, slow]) socket.write(wire('/'));
  return { http, still, slow, read };
}

function connectionsOf(http: HttpServer): Promise<number> {
  return new Promise((resolve, reject) => {
    http.server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
  });
}

async function assertOnlyOneStays(http: HttpServer, still: RawClient, slow: RawClient): Promise<void> {
  await waitFor('no connection but the one', async () => (await connectionsOf(http)) === 1);
  // Whatever the system has taken in meanwhile, and then the end.
  still.socket.resume();
  await still.over();
  assert.equal(slow.isOver(), false);
}

test('a client that stands still within an answer is cut off; a slow one that goes on is not', async () => {
  assert.equal(createHttpServer(() => undefined).server.timeout, 30_000);
  const size = 12 * 1024 * 1024;
  const { http, still, slow, read } = await asked((_request, response) =>
    response.writeHead(200, { 'Content-Length': size }).end(Buffer.alloc(size)),
  );
  await waitFor('the whole answer', () => read.bytes > size);
  await assertOnlyOneStays(http, still, slow);
});

test('an open page that nobody reads is cut off, though the system took all that was written; one that is read is not', async () => {
  const waiting: number[] = [];
  const { http, still, slow, read } = await asked((_request, response) => {
    response.writeHead(200).flushHeaders();
    // More than a client's system takes in for it, less than ours does.
    response.write(Buffer.alloc(1_000_000));
    const beat = (): void => {
      waiting.push(response.writableLength);
      response.write(':');
    };
    timers.push(setInterval(beat, 100));
  });
  await waitFor('all that was written at once', () => read.bytes > 1_000_000);
  await assertOnlyOneStays(http, still, slow);
  const before = read.bytes;
  await waitFor('more of it', () => read.bytes > before + 10);
  assert.ok(waiting.length > 20);
});

test('the system says how much waits for whom, in both families of addresses', async (t) => {
  for (const [host, family] of [
    ['127.0.0.1', 'IPv4'],
    ['::1', 'IPv6'],
    ['::ffff:127.0.0.1', 'IPv4 over IPv6'],
  ] as const) {
    const server = createServer((socket) => socket.on('error', () => undefined).write(Buffer.alloc(20e6)));
    server.listen(0, host);
    await once(server, 'listening');
    const address = server.address();
    assert.ok(typeof address === 'object' && address !== null);
    const client = connect({ port: address.port, host: host.replace('::ffff:', '') }).pause();
    t.after(() => {
      client.destroy();
      server.close();
    });
    await once(client, 'connect');
    const key = peerKey(host, client.localPort ?? 0);
    await waitFor(
      `what waits over ${family}`,
      async () => ((await sendQueues(address.port)).get(key) ?? 0) > 0,
    );
  }
});

test('addresses as the system writes them', () => {
  assert.equal(peerKey('127.0.0.1', 80), '0100007F:0050');
  assert.equal(peerKey('::ffff:192.0.2.1', 7331), '010200C0:1CA3');
  assert.equal(peerKey('::1', 80), '00000000000000000000000001000000:0050');
  assert.equal(peerKey('2001:db8::7:8%eth0', 65_535), 'B80D0120000000000000000008000700:FFFF');
  assert.equal(peerKey('nonsense', 1), ':0001');
});
