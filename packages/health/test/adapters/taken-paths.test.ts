/** An application that has routes at our paths is told so at its start, by the framework's own knowledge of them (E-06). */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import { after, test } from 'node:test';
import { Router } from '@koa/router';
import { serve } from '@hono/node-server';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import express, { type Express } from 'express';
import express4 from 'express-4';
import fastify from 'fastify';
import { Hono } from 'hono';
import Koa from 'koa';
import { waitFor } from 'portal-test-kit';
import { healthMiddleware as expressMiddleware } from '../../src/adapters/express.js';
import { healthPlugin } from '../../src/adapters/fastify.js';
import { healthMiddleware as honoMiddleware } from '../../src/adapters/hono.js';
import { healthMiddleware as koaMiddleware } from '../../src/adapters/koa.js';
import { createHealthModule } from '../../src/adapters/nest.js';
import { createHealth, type PathConflict } from '../../src/index.js';
import { requestHttp1 } from './exchange.js';

const health = createHealth({});
const opened: (() => unknown)[] = [];

after(async () => {
  await Promise.all(opened.map((close) => close()));
});

/** What an application is told when `path` is asked. */
async function toldBy(
  start: (onPathTaken: (conflict: PathConflict) => void) => Server,
  path: string,
): Promise<string[]> {
  const told: string[] = [];
  const server = start(({ endpoint, path: taken }) => {
    told.push(`${endpoint} ${taken}`);
    throw new Error('a bug of the application');
  });
  opened.push(() => server.close());
  if (!server.listening) await once(server, 'listening');
  for (let time = 0; time < 2; time += 1) {
    await requestHttp1((server.address() as AddressInfo).port, path);
  }
  return told.toSorted();
}

for (const [name, make] of [
  ['Express 5', express],
  ['Express 4', express4 as unknown as () => Express],
] as const) {
  test(`${name}: routes of the application and of its routers, whatever is asked first`, async () => {
    const told = await toldBy((onPathTaken) => {
      const app = make();
      app.get('/readyz', (_request, response) => void response.end('before ours, so its own'));
      app.use(expressMiddleware(health, { onPathTaken }));
      app.get('/metrics', (_request, response) => void response.end());
      app.post(['/other', '/Health/'], (_request, response) => void response.end());
      const router = express.Router();
      router.all('/livez', (_request, response) => void response.end());
      app.use('/', make === express ? router : express4.Router().all('/livez', () => {}));
      app.get(/.*/, (_request, response) => void response.end('everything else'));
      return app.listen(0, '127.0.0.1');
    }, '/of-the-application');
    assert.deepEqual(told, ['health /health', 'livez /livez', 'metrics /metrics']);
    const below = await toldBy((onPathTaken) => {
      const app = make();
      app.use('/internal', expressMiddleware(health, { onPathTaken, paths: { livez: null } }));
      for (const path of ['/metrics', '/internal/metrics', '/internal/livez']) app.get(path, () => undefined);
      return app.listen(0, '127.0.0.1');
    }, '/internal/health');
    assert.deepEqual(below, ['metrics /metrics']);
  });
}

test('Koa: the routes of @koa/router', async () => {
  const told = await toldBy((onPathTaken) => {
    const app = new Koa();
    app.use(koaMiddleware(health, { onPathTaken }));
    const router = new Router({ prefix: '/metrics' });
    router.get('/', (context) => void (context.body = 'mine'));
    app.use(router.routes());
    return app.listen(0, '127.0.0.1');
  }, '/');
  assert.deepEqual(told, ['metrics /metrics']);
});

test('Hono: at the first request for an endpoint', async () => {
  const told = await toldBy((onPathTaken) => {
    const app = new Hono();
    app.use(honoMiddleware(health, { onPathTaken }));
    app.get('/metrics', (context) => context.text('mine'));
    app.get('*', (context) => context.text('everything else'));
    return serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server;
  }, '/metrics');
  assert.deepEqual(told, ['metrics /metrics']);
});

test('Fastify: a route that is there stops the start, and the sentence says what to do', async () => {
  const app = fastify();
  opened.push(() => app.close());
  app.get('/metrics', async () => 'mine');
  await assert.rejects(async () => app.register(healthPlugin, { health }), {
    name: 'TypeError',
    message:
      'Expected the `paths.metrics` option to be null, or a path at which there is no route yet, got "/metrics".',
  });
  const beside = fastify();
  opened.push(() => beside.close());
  beside.get('/metrics', async () => 'mine');
  await beside.register(healthPlugin, { health, paths: { metrics: null }, lifecycle: false });
  assert.equal((await beside.inject('/metrics')).body, 'mine');
  assert.equal((await beside.inject('/livez')).body, 'ok\n');
});

for (const [name, adapter] of [
  ['Express', () => new ExpressAdapter()],
  ['Fastify', () => new FastifyAdapter()],
] as const) {
  test(`Nest on ${name}: before anybody asks, by a warning of the process where nobody listens`, async () => {
    class Metrics {
      all(): string {
        return 'mine';
      }
    }
    const handler = Object.getOwnPropertyDescriptor(Metrics.prototype, 'all');
    assert.ok(handler);
    Get('metrics')(Metrics.prototype, 'all', handler);
    Controller()(Metrics);
    class Root {
      readonly name = 'application';
    }
    const useFactory = () => createHealth({});
    Module({ imports: [createHealthModule({ useFactory })], controllers: [Metrics] })(Root);
    const warnings: (Error & { code?: string })[] = [];
    const hear = (warning: Error): void => void warnings.push(warning);
    process.on('warning', hear);
    const app = await NestFactory.create(Root, adapter(), { logger: false });
    opened.push(
      () => app.close(),
      () => process.off('warning', hear),
    );
    await app.init();
    await waitFor('the warning', () => warnings.some(({ code }) => code === 'PORTAL_HEALTH_PATH_TAKEN'));
    assert.deepEqual(
      warnings.filter(({ code }) => code === 'PORTAL_HEALTH_PATH_TAKEN').map(({ message }) => message),
      [
        "portal-health answers /metrics, and this application's own route of that path no longer gets those requests. " +
          'Give `paths: { metrics: null }` to leave it to the application, or another path.',
      ],
    );
  });
}
