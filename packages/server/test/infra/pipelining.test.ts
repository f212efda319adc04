/**
 * Requests that come before the answers to earlier ones were read: bounded for each connection, whatever is sent.
 */
import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, test } from 'node:test';
import { waitFor } from 'portal-test-kit';
import { createHttpServer, type HttpServer } from '../../src/infra/http.js';
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
  http.onRequest(({ url = '' }, response) => {
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

for (const [what, fields, method, body] of [
  ['plain requests', [], 'GET', ''],
  ['requests with a body', ['Content-Length: 3'], 'POST', 'abc'],
  ['bodies in pieces', ['Transfer-Encoding: chunked'], 'POST', '3\r\nabc\r\n0\r\nX: y\r\n\r\n'],
  ['expectations that cannot be met', ['Expect: nonsense'], 'GET', ''],
  ['requests that wait to be told to go on', ['Expect: 100-continue', 'Content-Length: 0'], 'POST', ''],
] as const) {
  test(`more than sixteen ${what} at once end the connection, and none of the rest is looked at`, async () => {
    const { seen, client } = await listening(() => undefined);
    const { socket, over } = await client();
    socket.write(
      paths(MANY)
        .map((path) => wire(path, fields, method) + body)
        .join(''),
    );
    await over();
    assert.deepEqual(seen, { asked: ['/0'], cut: 1 });
  });
}

test('whatever is left over of a read may be anything', async () => {
  const { seen, client } = await listening(() => undefined);
  for (const rest of [
    'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n',
    'nonsense',
    wire('/', ['Content-Length: 9'], 'POST'),
  ]) {
    const { socket, over } = await client();
    socket.write(wire('/').repeat(20) + rest.repeat(20));
    await over();
  }
  assert.equal(seen.cut, 3);
});

test('requests behind an answer that ends the connection are not looked at', async () => {
  const { seen, client } = await listening((response) => response.setHeader('Connection', 'close').end('x'));
  const { socket, over } = await client();
  socket.write(wire('/1') + wire('/2'));
  await over();
  assert.deepEqual(seen.asked, ['/1']);
});

test('a connection on which an answer has begun gets nothing else in between', async () => {
  const { http, client } = await listening((response) => response.writeHead(200).write('begun'));
  const told: boolean[] = [];
  http.server.on('clientError', (_error, socket) => {
    told.push(http.isResponding(socket as never));
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
