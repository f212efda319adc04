/** How applications end: what a balancer sees of it, in which order, and that nothing holds it up. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, createServer, request, type IncomingMessage, type Server } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { createServer as createHttpsServer } from 'node:https';
import { connect, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import fastify from 'fastify';
import { waitFor } from 'portal-test-kit';
import { healthPlugin } from '../src/adapters/fastify.js';
import { createHealthModule } from '../src/adapters/nest.js';
import { createHealthHandler, handleSignals, shutDown } from '../src/adapters/node.js';
import { createHealth, type Health } from '../src/index.js';
import { requestHttp1 } from './adapters/exchange.js';

async function serve(health: Health, own: (url: string) => string | undefined): Promise<[Server, number]> {
  const handler = createHealthHandler(health);
  const server = createServer((req, response) => {
    if (handler(req, response)) return;
    const body = own(req.url ?? '');
    if (body === undefined) response.write('begun\n');
    else response.end(body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return [server, (server.address() as AddressInfo).port];
}

async function isRefused(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const outcome = await Promise.race([
    once(socket, 'connect').then(() => 'connected'),
    once(socket, 'error').then(() => 'refused'),
  ]).catch(() => 'refused');
  socket.destroy();
  return outcome === 'refused';
}

test('E-10: a balancer sees the no while all is still served; then the port closes and onClose is last', async () => {
  const health = createHealth({});
  await health.start();
  const [server, port] = await serve(health, () => 'your application');
  const steps: string[] = [];
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ended = shutDown(server, health, {
    graceMs: 400,
    deadlineMs: 20_000,
    onClose: async () => steps.push((await isRefused(port)) ? 'closed' : 'still open'),
  });
  assert.equal((await requestHttp1(port, '/readyz')).status, 503);
  assert.equal((await requestHttp1(port, '/')).body, 'your application');
  // A client that keeps its connection is told to go, and does not hold it up.
  const pending = request({ port, host: '127.0.0.1', path: '/', agent }).end();
  const [response] = (await once(pending, 'response')) as [IncomingMessage];
  response.resume();
  await ended;
  assert.deepEqual(steps, ['closed']);
  agent.destroy();
});

test('a client that never hangs up, and an answer that never ends, are cut off at the deadline', async () => {
  const health = createHealth({});
  const [server, port] = await serve(health, (url) => (url === '/endless' ? undefined : 'ok'));
  const endless = connect(port, '127.0.0.1').on('error', () => undefined);
  endless.write('GET /endless HTTP/1.1\r\nHost: a\r\n\r\n');
  await once(endless, 'data');
  const idle = connect(port, '127.0.0.1').on('error', () => undefined);
  idle.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await once(idle, 'data');
  const cut = Promise.all([once(endless, 'close'), once(idle, 'close')]);
  endless.resume();
  idle.resume();
  await shutDown(server, health, { graceMs: 0, deadlineMs: 300 });
  await cut;
});

test('what onClose throws or never keeps is told, and the health is closed all the same', async () => {
  const failing = createHealth({});
  const port = await failing.listen({ port: 0, host: '127.0.0.1' });
  const failed = shutDown(null, failing, {
    graceMs: 0,
    onClose: () => {
      throw new Error('the pool');
    },
  });
  await assert.rejects(failed, /the pool/);
  assert.ok(await isRefused(port.port));
  const hanging = createHealth({});
  const options = { graceMs: 0, deadlineMs: 100, onClose: () => new Promise(() => undefined) };
  await assert.rejects(shutDown(null, hanging, options), { code: 'TIMEOUT' });
  for (const [bad, message] of [
    [
      { graceMs: -1 },
      /^Expected the `graceMs` option to be a number of milliseconds from 0 to 2147483647, got -1\.$/,
    ],
    [{ deadlineMs: 2 ** 31 }, /^Expected the `deadlineMs` option to be a positive number of milliseconds/],
    [{ gracems: 1 }, /^Expected the `gracems` option to be one of graceMs, deadlineMs, onClose, got/],
  ] as const) {
    await assert.rejects(shutDown(null, hanging, bad as never), { name: 'TypeError', message });
  }
  assert.throws(() => handleSignals(null, hanging, { signals: ['TERM'] as never }), {
    name: 'TypeError',
    message: 'Expected the `signals` option to be a list of names of signals, got an object.',
  });
});

test('a server of HTTP/2 and one of HTTPS are servers, too, and one that does not listen is nothing to wait for', async () => {
  for (const server of [createHttp2Server(), createHttpsServer()]) {
    await shutDown(server, createHealth({}), { graceMs: 0 });
  }
  const server = createHttp2Server().listen(0, '127.0.0.1');
  await once(server, 'listening');
  await shutDown(server, createHealth({}), { graceMs: 0 });
  assert.equal(server.listening, false);
});

test('Fastify: the plugin starts, drains and closes the health with the application, unless told not to', async () => {
  const app = fastify();
  const health = createHealth({ checks: { queue: () => true } });
  await app.register(healthPlugin, { health });
  await app.ready();
  await waitFor('the first report', () => health.started());
  assert.equal(health.ready(), true);
  await app.close();
  assert.equal(health.ready(), false);
  const shared = createHealth({ checks: { queue: () => true } });
  await shared.start();
  for (let round = 0; round < 2; round += 1) {
    const one = fastify();
    await one.register(healthPlugin, { health: shared, lifecycle: false });
    assert.equal((await one.inject('/readyz')).statusCode, 200);
    await one.close();
  }
  await shared.close();
  const bad = fastify();
  await assert.rejects(async () => bad.register(healthPlugin, { health, lifecycle: 'no' as never }), {
    message: 'Expected the `lifecycle` option to be true or false, got "no".',
  });
});

test('Nest: on a signal a wait in which all is still served; without one there is none', async () => {
  class Root {
    readonly name = 'application';
  }
  const wait = { graceMs: 400, deadlineMs: 20_000 };
  for (const signal of ['SIGTERM', undefined]) {
    const shutdown = signal === undefined ? { graceMs: 3_600_000 } : wait;
    Module({ imports: [createHealthModule({ useFactory: () => createHealth({}), shutdown })] })(Root);
    const app = await NestFactory.create(Root, { logger: false });
    await app.listen(0, '127.0.0.1');
    const { port } = app.getHttpServer().address() as AddressInfo;
    const keeper = connect(port, '127.0.0.1').on('error', () => undefined);
    keeper.write('GET /livez HTTP/1.1\r\nHost: a\r\n\r\n');
    await once(keeper, 'data');
    keeper.resume();
    const closed = (app as unknown as { close(signal?: string): Promise<void> }).close(signal);
    if (signal !== undefined) {
      await waitFor('the no', async () => (await requestHttp1(port, '/readyz')).status === 503);
      assert.equal((await requestHttp1(port, '/livez')).status, 200);
    }
    await closed;
    assert.ok(await isRefused(port));
    keeper.destroy();
  }
  assert.throws(
    () => createHealthModule({ useFactory: () => createHealth({}), shutdown: { gracems: 1 } as never }),
    {
      message:
        'Expected the `shutdown.gracems` option to be one of graceMs, deadlineMs, onClose, got "gracems".',
    },
  );
});
