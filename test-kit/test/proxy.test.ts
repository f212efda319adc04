import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Proxy, startProxy } from '../src/proxy.js';
import { waitFor } from '../src/wait.js';

/** A proxy in front of a server that answers every message with itself, once more in capitals. */
async function start(t: TestContext): Promise<Proxy> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => socket.write(bytes.toString().toUpperCase()));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy = await startProxy({ port: (server.address() as AddressInfo).port });
  t.after(async () => {
    await proxy.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return proxy;
}

/** A client that remembers what it got and how it ended. */
interface Peer {
  readonly socket: Socket;
  readonly got: () => string;
  readonly ended: () => string | undefined;
}

function open(t: TestContext, { port }: Proxy): Peer {
  const socket = connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  let got = '';
  let ended: string | undefined;
  socket.on('data', (bytes) => (got += bytes.toString()));
  socket.on('end', () => (ended ??= 'end'));
  socket.on('error', (error: NodeJS.ErrnoException) => (ended ??= error.code));
  return { socket, got: () => got, ended: () => ended };
}

/** One that has had an answer already. */
async function openWell(t: TestContext, proxy: Proxy): Promise<Peer> {
  const peer = open(t, proxy);
  peer.socket.write('hello ');
  await waitFor('the answer', () => peer.got() === 'HELLO ');
  return peer;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test('Without a fault it is not there, and it counts.', async (t) => {
  const proxy = await start(t);
  const one = await openWell(t, proxy);
  await openWell(t, proxy);
  assert.equal(proxy.connections, 2);
  one.socket.end();
  await waitFor('one to be gone', () => proxy.connections === 1);
  assert.equal(proxy.accepted, 2);
});

test('refuse: who is in is reset, who comes is refused, and the port stays the same.', async (t) => {
  const proxy = await start(t);
  const { port } = proxy;
  const inside = await openWell(t, proxy);
  await proxy.fault('refuse');
  await waitFor('the reset', () => inside.ended() === 'ECONNRESET');
  const outside = open(t, proxy);
  await waitFor('the refusal', () => outside.ended() === 'ECONNREFUSED');
  await proxy.heal();
  await openWell(t, proxy);
  assert.equal(proxy.port, port);
});

test('drop: open connections are reset, new ones get no packet back, and the port stays the same', async (t) => {
  const proxy = await start(t);
  const { port } = proxy;
  const inside = await openWell(t, proxy);
  await proxy.fault('drop');
  await waitFor('the reset', () => inside.ended() === 'ECONNRESET');
  const outside = open(t, proxy);
  let connected = false;
  outside.socket.once('connect', () => (connected = true));
  await pause(300);
  assert.deepEqual([connected, outside.ended()], [false, undefined]);
  outside.socket.destroy();
  await proxy.heal();
  await openWell(t, proxy);
  assert.equal(proxy.port, port);
});

test('blackhole: nothing passes, old or new, until it heals, and then it arrives.', async (t) => {
  const proxy = await start(t);
  const inside = await openWell(t, proxy);
  await proxy.fault('blackhole');
  const outside = open(t, proxy);
  await once(outside.socket, 'connect');
  inside.socket.write('again');
  outside.socket.write('late');
  await pause(200);
  assert.equal(inside.got(), 'HELLO ');
  assert.equal(outside.got(), '');
  await proxy.heal();
  await waitFor('what was held back', () => inside.got() === 'HELLO AGAIN' && outside.got() === 'LATE');
});

test('half-open: what is said arrives, the answer does not.', async (t) => {
  const proxy = await start(t);
  const inside = await openWell(t, proxy);
  await proxy.fault('half-open');
  inside.socket.write('again');
  await pause(200);
  assert.equal(inside.got(), 'HELLO ');
  await proxy.heal();
  await waitFor('the answer', () => inside.got() === 'HELLO AGAIN');
});

test('reset and cut: the answer ends in its middle, with a reset or in good order.', async (t) => {
  const proxy = await start(t);
  await proxy.fault('reset', { afterBytes: 3 });
  const reset = open(t, proxy);
  reset.socket.write('hello');
  await waitFor('the reset', () => reset.ended() === 'ECONNRESET');
  assert.ok('HEL'.startsWith(reset.got()), reset.got());
  await proxy.fault('cut', { afterBytes: 3 });
  const cut = open(t, proxy);
  cut.socket.write('hello');
  await waitFor('the end', () => cut.ended() === 'end');
  assert.equal(cut.got(), 'HEL');
});

test('slow and trickle: the answer comes later, or byte by byte.', async (t) => {
  const proxy = await start(t);
  const peer = await openWell(t, proxy);
  await proxy.fault('slow', { latencyMs: 300 });
  const beganMs = performance.now();
  peer.socket.write('again ');
  await waitFor('the answer', () => peer.got() === 'HELLO AGAIN ');
  assert.ok(performance.now() - beganMs >= 290);
  await proxy.fault('trickle');
  peer.socket.write('slowly');
  await waitFor('the first byte', () => peer.got() === 'HELLO AGAIN S');
  await proxy.heal();
  await waitFor('the rest', () => peer.got() === 'HELLO AGAIN SLOWLY');
});

test('what is on its way when a slow network heals comes before what sets out then', async (t) => {
  const proxy = await start(t);
  const peer = await openWell(t, proxy);
  const before = peer.got();
  await proxy.fault('slow', { latencyMs: 60_000 });
  peer.socket.write('first ');
  await sleep(100);
  assert.equal(peer.got(), before);
  await proxy.heal();
  peer.socket.write('then');
  await waitFor('both', () => peer.got() === `${before}FIRST THEN`);
});

test('rubbish: the answer is of another protocol.', async (t) => {
  const proxy = await start(t);
  await proxy.fault('rubbish');
  const peer = open(t, proxy);
  peer.socket.write('hello');
  await waitFor('rubbish', () => peer.got().startsWith('HTTP/1.1 400'));
});
