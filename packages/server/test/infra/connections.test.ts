/**
 * How many connections there may be, and who makes room for whom.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import { waitFor } from 'portal-test-kit';
import { descriptorLimit } from '../../src/infra/descriptors.js';
import { createHttpServer, type HttpServer, type HttpServerOptions } from '../../src/infra/http.js';
import { connectRaw, wire, type RawClient } from './sockets.js';

const started: HttpServer[] = [];
const clients: RawClient[] = [];
const OTHER_ADDRESS = '127.9.9.9';

afterEach(async () => {
  for (const { close } of clients.splice(0)) close();
  await Promise.all(started.splice(0).map((http) => http.stop(100)));
});

async function listening(options: HttpServerOptions): Promise<{ http: HttpServer; port: number }> {
  const http = createHttpServer((error) => assert.fail(String(error)), options);
  started.push(http);
  http.onRequest(({ url }, response) => {
    if (url !== '/slow') response.writeHead(200, { 'Content-Length': 2 }).end('ok');
  });
  return { http, port: await http.listen({ host: '127.0.0.1', port: 0 }) };
}

async function client(port: number, from?: string): Promise<RawClient> {
  const one = await connectRaw(port, from === undefined ? {} : { from });
  clients.push(one);
  return one;
}

/** Connects one after the other, so that it is known who came first. */
async function crowd(port: number, count: number, from = OTHER_ADDRESS): Promise<RawClient[]> {
  const all: RawClient[] = [];
  while (all.length < count) all.push(await client(port, from));
  return all;
}

/** Asks, and waits for the answer; false when the connection was ended instead. */
async function isAnswered({ socket, received, isOver }: RawClient): Promise<boolean> {
  const before = received().length;
  socket.write(wire('/'));
  await waitFor(
    'an answer or the end',
    () => (received().endsWith('ok') && received().length > before) || isOver(),
  );
  return !isOver();
}

function open(all: readonly RawClient[]): number {
  return all.filter(({ isOver }) => !isOver()).length;
}

test('an address that holds its part in silence loses the oldest, and whoever comes is answered, also from there', async () => {
  let cut = 0;
  const { port } = await listening({ mostConnections: 100, mostOfAddress: 10, onCut: () => (cut += 1) });
  const early = await client(port, OTHER_ADDRESS);
  assert.ok(await isAnswered(early));
  const silent = await crowd(port, 30);
  assert.ok(await isAnswered(await client(port)), 'another address');
  assert.ok(await isAnswered(await client(port, OTHER_ADDRESS)), 'the same address');
  assert.ok(await isAnswered(early), 'one that was open before, and has asked');
  await waitFor('room', () => open(silent) <= 8);
  assert.equal(open(silent.slice(-8)), 8, 'the youngest stay');
  assert.equal(cut, 22);
});

test('who has asked and is idle goes after the silent, and nobody goes whose answer is under way', async () => {
  const { port } = await listening({ mostConnections: 100, mostOfAddress: 4 });
  const busy = await crowd(port, 3);
  for (const { socket } of busy) socket.write(wire('/slow'));
  const idle = await client(port, OTHER_ADDRESS);
  assert.ok(await isAnswered(idle));
  const next = await client(port, OTHER_ADDRESS);
  assert.ok(await isAnswered(next));
  await idle.over();
  next.socket.write(wire('/slow'));
  // What was written is read before the next connection is taken in, or just after: then one more try.
  let refused = false;
  for (let tries = 0; tries < 20 && !refused; tries += 1)
    refused = !(await isAnswered(await client(port, OTHER_ADDRESS)));
  assert.ok(refused, 'nobody could go');
  assert.equal(open([...busy, next]), 4);
});

test('of the idle the one goes that has asked least, and not one that asks again and again', async () => {
  const { port } = await listening({ mostConnections: 100, mostOfAddress: 4 });
  const asking = await client(port, OTHER_ADDRESS);
  for (let round = 0; round < 20; round += 1) {
    assert.ok(await isAnswered(asking), `round ${round}`);
    assert.ok(await isAnswered(await client(port, OTHER_ADDRESS)));
  }
});

test('all addresses together: the oldest silent one goes, so a crowd of strangers keeps nobody out', async () => {
  const { http, port } = await listening({ mostConnections: 20, mostOfAddress: 4 });
  assert.equal(http.server.maxConnections, 21);
  const strangers: RawClient[] = [];
  for (let index = 1; index <= 10; index += 1) strangers.push(...(await crowd(port, 3, `127.9.9.${index}`)));
  const mine = await client(port);
  assert.ok(await isAnswered(mine));
  await crowd(port, 30, '127.9.8.1');
  assert.ok(await isAnswered(mine), 'who has asked stays');
  await waitFor('room', () => open(clients) <= 20);
});

test('what stands for many clients has no bound of its own, and makes no room', async () => {
  const { port } = await listening({
    mostConnections: 20,
    mostOfAddress: 4,
    isTrustedProxy: (address) => address === '127.9.9.9',
  });
  const proxied = await crowd(port, 12);
  const strangers = await crowd(port, 12, '127.9.8.1');
  await waitFor('room', () => open(strangers) === 4);
  assert.equal(open(proxied), 12);
});

test('nothing is remembered of who has gone', async () => {
  const { port } = await listening({ mostConnections: 20, mostOfAddress: 4 });
  for (let round = 0; round < 10; round += 1) {
    const all = await crowd(port, 4);
    for (const one of all) assert.ok(await isAnswered(one), `round ${round}`);
    for (const one of all) one.close();
    await Promise.all(all.map(({ over }) => over()));
  }
});

test('the number follows from the limit of descriptors, less what others need', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'portal-limits-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'limits');
  await writeFile(
    file,
    'Max processes  1  2  processes\nMax open files            300                  4096   files\n',
  );
  assert.equal(descriptorLimit(file), 300);
  await writeFile(file, 'Max open files            unlimited            unlimited   files\n');
  assert.ok(descriptorLimit(file) > 1e9);
  await writeFile(file, 'nothing');
  assert.equal(descriptorLimit(file), 1_024);
  assert.equal(descriptorLimit(join(folder, 'none')), 1_024);
  const { server } = createHttpServer(() => undefined, { reserved: 20 });
  assert.ok(server.maxConnections <= 4_097);
  assert.equal(createHttpServer(() => undefined, { reserved: 1e9 }).server.maxConnections, 17);
});
