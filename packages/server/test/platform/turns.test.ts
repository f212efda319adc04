/**
 * Requests that come before the answers to earlier ones were read: bounded for each connection, whatever is sent.
 */
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, test } from 'node:test';
import { waitFor } from 'portal-test-kit';
import { createHttpServer, type HttpServer } from '../../src/platform/http.js';
import { connectRaw, wire, type RawClient } from './sockets.js';

const MANY = 50;
const started: HttpServer[] = [];
const clients: RawClient[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await Promise.all(started.splice(0).map((http) => http.stop(100)));
});

/** A server that notes what it is asked, and how many connections it cut off. */
async function listening(answer: (response: ServerResponse, url: string) => void) {
  const seen = { asked: [] as string[], cut: 0 };
  const http = createHttpServer((error) => assert.fail(String(error)), { onCut: () => (seen.cut += 1) });
  started.push(http);
  http.answerWith(({ url = '' }, response) => {
    seen.asked.push(url);
    answer(response, url);
  });
  const port = await http.listen({ host: '127.0.0.1', port: 0 });
  async function client(options: { readonly isReading?: boolean } = {}): Promise<RawClient> {
    const one = await connectRaw(port, options);
    clients.push(one);
    return one;
  }
  return { http, seen, client };
}

function paths(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `/${index}`);
}

function bodiesOf(text: string): readonly string[] {
  return [...text.matchAll(/\r\n\r\n(\/\d+)/g)].map(([, body = '']) => body);
}

test('sixteen at once are answered in order, one after the other', async () => {
  const answers: (() => void)[] = [];
  const { seen, client } = await listening((response, url) => {
    answers.push(() => response.writeHead(200, { 'Content-Length': url.length }).end(url));
  });
  const asked = paths(16);
  const { socket, received } = await client();
  socket.write(asked.map((path) => wire(path)).join(''));
  for (const index of asked.keys()) {
    await waitFor('the next question', () => answers.length === index + 1);
    await sleep(5);
    assert.equal(seen.asked.length, index + 1, 'the next one waits for the answer of the one before');
    answers[index]?.();
  }
  await waitFor('all answers', () => bodiesOf(received()).length === asked.length);
  assert.deepEqual(bodiesOf(received()), asked);
  assert.equal(seen.cut, 0);
});

test('whoever keeps two under way for long is answered for as long', async () => {
  const { client } = await listening((response, url) =>
    response.writeHead(200, { 'Content-Length': url.length }).end(url),
  );
  const { socket, received } = await client();
  const asked = paths(200);
  socket.write(wire('/0'));
  for (const [index, path] of asked.entries()) {
    if (index > 0) socket.write(wire(path));
    await waitFor('an answer', () => bodiesOf(received()).length >= index, { everyMs: 1 });
  }
  await waitFor('all answers', () => bodiesOf(received()).length === asked.length);
});

for (const [what, fields, method] of [
  ['plain requests', [], 'GET'],
  ['requests with a body', ['Content-Length: 0'], 'POST'],
  ['expectations that cannot be met', ['Expect: nonsense'], 'GET'],
  ['requests that wait to be told to go on', ['Expect: 100-continue', 'Content-Length: 0'], 'POST'],
] as const) {
  test(`more than sixteen ${what} at once end the connection, and none of the rest is looked at`, async () => {
    const { seen, client } = await listening(() => undefined);
    const { socket, over } = await client();
    socket.write(
      paths(MANY)
        .map((path) => wire(path, fields, method))
        .join(''),
    );
    await over();
    assert.deepEqual(seen, { asked: ['/0'], cut: 1 });
  });
}

test('requests behind an answer that ends the connection are not looked at', async () => {
  const { seen, client } = await listening((response) => response.setHeader('Connection', 'close').end('x'));
  const { socket, over } = await client();
  socket.write(wire('/1') + wire('/2'));
  await over();
  assert.deepEqual(seen.asked, ['/1']);
});

test('a client that stands still within an answer is cut off; a slow one that goes on is not', async () => {
  const size = 12 * 1024 * 1024;
  const { http, client } = await listening((response) =>
    response.writeHead(200, { 'Content-Length': size }).end(Buffer.alloc(size)),
  );
  assert.equal(http.server.timeout, 30_000);
  http.server.timeout = 3_000;
  const [still, slow] = [await client({ isReading: false }), await client({ isReading: false })];
  let read = 0;
  slow.socket.on('data', (chunk) => {
    read += chunk.length;
    slow.socket.pause();
    setTimeout(() => slow.socket.resume(), 5);
  });
  for (const { socket } of [still, slow]) socket.write(wire('/'));
  await waitFor('the whole answer', () => read > size);
  await waitFor('no connection but the one', async () => (await connectionsOf(http)) === 1);
  // Whatever the system has taken in meanwhile, and then the end.
  still.socket.resume();
  await still.over();
  assert.equal(slow.isOver(), false);
});

test('a connection on which an answer has begun gets nothing else in between', async () => {
  const { http, client } = await listening((response) => response.writeHead(200).write('begun'));
  const told: boolean[] = [];
  http.server.on('clientError', (_error, socket) => {
    told.push(http.isAnswering(socket as never));
    socket.destroy();
  });
  const { socket, received, over } = await client();
  socket.write(wire('/'));
  await waitFor('the beginning', () => received().includes('begun'));
  socket.write('nonsense\r\n\r\n');
  await over();
  const other = await client();
  other.socket.write('nonsense\r\n\r\n');
  await other.over();
  assert.deepEqual(told, [true, false]);
});

function connectionsOf(http: HttpServer): Promise<number> {
  return new Promise((resolve, reject) => {
    http.server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
  });
}
