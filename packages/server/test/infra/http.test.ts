import assert from 'node:assert/strict';
import { get } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import { waitFor } from 'portal-test-kit';
import { createHttpServer, type HttpServer } from '../../src/infra/http.js';
import { connectRaw, wire } from './sockets.js';

async function listening(): Promise<{ http: HttpServer; port: number }> {
  const http = createHttpServer((error) => assert.fail(String(error)));
  return { http, port: await http.listen({ host: '127.0.0.1', port: 0 }) };
}

/** Asks on a new connection; gives the code of the error, or `undefined` when it was answered. */
function sendRequest(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const outgoing = get({ host: '127.0.0.1', port, agent: false }, (incoming) => {
      incoming.resume().on('end', () => resolve(undefined));
      incoming.on('error', (error: NodeJS.ErrnoException) => resolve(error.code));
    });
    outgoing.on('error', (error: NodeJS.ErrnoException) => resolve(error.code));
  });
}

test('clients who come again and again are answered or refused, never reset', async () => {
  for (let round = 0; round < 3; round += 1) {
    const { http, port } = await listening();
    let answered = 0;
    http.onRequest((_request, response) => {
      answered += 1;
      response.end('{}');
    });
    const ends = Array.from({ length: 20 }, async () => {
      for (;;) {
        const code = await sendRequest(port);
        if (code !== undefined) return code;
      }
    });
    await waitFor('some answers', () => answered > 100);
    await http.stop(5_000);
    assert.deepEqual(new Set(await Promise.all(ends)), new Set(['ECONNREFUSED']));
  }
});

test('a request under way is answered, with the word that the connection ends', async () => {
  const { http, port } = await listening();
  let answer = (): void => undefined;
  const asked = new Promise<void>((resolve) => {
    http.onRequest((_request, response) => {
      answer = () => response.end('late');
      resolve();
    });
  });
  const reply = sendRequest(port);
  await asked;
  const stopped = http.stop(5_000);
  setTimeout(() => answer(), 50);
  assert.equal(await reply, undefined);
  await stopped;
});

test('who connects and says nothing is cut off', async () => {
  const { http, port } = await listening();
  const silent = connect(port, '127.0.0.1');
  await new Promise((resolve) => {
    silent.on('connect', resolve);
  });
  const closed = new Promise((resolve) => {
    silent.on('close', resolve).on('error', () => undefined);
  });
  await http.stop(100);
  await closed;
});

test('a header, a body and nothing at all: who is too slow is cut off when it was said, and not half a minute later', async () => {
  const { http, port } = await listening();
  http.onRequest((request, response) => request.resume().on('end', () => response.end()));
  const { headersTimeout, requestTimeout } = http.server;
  assert.deepEqual([headersTimeout, requestTimeout], [10_000, 30_000]);
  Object.assign(http.server, { headersTimeout: 500, requestTimeout: 1_000 });
  const beginnings = ['GET / HTTP/1.1\r\nX: ', wire('/', ['Content-Length: 1000'], 'POST'), ''];
  const clients = await Promise.all(beginnings.map(() => connectRaw(port)));
  const drip = setInterval(() => {
    for (const { socket } of clients.slice(0, 2)) socket.write('x');
  }, 50);
  for (const [index, { socket }] of clients.entries()) socket.write(beginnings[index] ?? '');
  try {
    await Promise.all(clients.map(({ over }) => over(15_000)));
  } finally {
    clearInterval(drip);
    for (const { close } of clients) close();
    await http.stop(100);
  }
});

test('an address that cannot be listened on is told in a sentence', async () => {
  const { http, port } = await listening();
  const second = createHttpServer(() => undefined);
  await assert.rejects(second.listen({ host: '127.0.0.1', port }), {
    message: `Expected \`PORT\` to be a port that nobody listens on at 127.0.0.1, got ${port}, which another program has.`,
  });
  await assert.rejects(second.listen({ host: '192.0.2.1', port: 0 }), {
    message: 'Expected `HOST` to be an address of this machine, got "192.0.2.1".',
  });
  await http.stop(1_000);
});
