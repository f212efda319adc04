import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import compress from '@fastify/compress';
import fastify, { type FastifyRequest } from 'fastify';
import helmet from 'helmet';
import { healthPlugin } from '../../src/adapters/fastify.js';
import { createHealth } from '../../src/index.js';
import { describeAdapter } from './conformance.js';
import { requestHttp1 } from './exchange.js';

describeAdapter({
  name: 'Fastify',
  helmet: true,
  compression: true,
  async start(mounts) {
    const app = fastify();
    await app.register(compress, { threshold: 0 });
    app.addHook('onRequest', (request, reply, done) => {
      helmet()(request.raw, reply.raw, () => done());
    });
    for (const { health, prefix, viewer, options: told } of mounts) {
      await app.register(healthPlugin, {
        health,
        prefix,
        ...told,
        ...(viewer && { viewer: (request: FastifyRequest) => viewer(request.headers['x-viewer']) }),
      });
    }
    app.addHook('onRequest', async (_request, reply) => reply.code(401).send('guarded'));
    app.get('/elsewhere', () => 'not guarded');
    await app.listen({ port: 0, host: '127.0.0.1' });
    return { port: (app.server.address() as AddressInfo).port, close: () => app.close() };
  },
});

test('Fastify: registered in a context, it is below its prefix and behind its hooks', async () => {
  const health = createHealth({});
  const app = fastify();
  let heard = 0;
  app.addHook('onRequest', async () => {
    heard += 1;
  });
  await app.register(
    async (context) => {
      await context.register(healthPlugin, { health, prefix: '/deep' });
    },
    { prefix: '/ops' },
  );
  await app.listen({ port: 0, host: '127.0.0.1' });
  try {
    const { port } = app.server.address() as AddressInfo;
    assert.equal((await requestHttp1(port, '/ops/deep/livez?x')).status, 200);
    assert.equal((await requestHttp1(port, '/ops/deep/livez', 'POST')).status, 405);
    assert.equal((await requestHttp1(port, '/livez')).status, 404);
    assert.equal(heard, 3);
    assert.equal((await requestHttp1(port, '/ops/deep/%6civez')).status, 404, 'a spelling that is no door');
  } finally {
    await app.close();
  }
});

test('Fastify: the doors are among the routes, out of the log, and reachable without a socket', async () => {
  let log = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      log += String(chunk);
      done();
    },
  });
  const app = fastify({ logger: { level: 'info', stream } });
  await app.register(healthPlugin, { health: createHealth({}), paths: { metrics: null }, logLevel: 'info' });
  app.get('/', () => 'the application');
  assert.equal((await app.inject('/livez?verbose')).body, 'ok\n');
  assert.equal((await app.inject('/')).body, 'the application');
  assert.equal((await app.inject('/metrics')).statusCode, 404);
  assert.ok(app.hasRoute({ method: 'GET', url: '/livez' }));
  assert.match(log, /"url":"\/"/);
  assert.doesNotMatch(log, /livez/);
  await app.close();
});

test('Fastify: without a health it does not start', async () => {
  const app = fastify();
  await assert.rejects(
    async () => {
      await app.register(healthPlugin, {} as never);
    },
    { name: 'TypeError', message: 'Expected the `health` option to be made by createHealth, got undefined.' },
  );
  await app.close();
});
