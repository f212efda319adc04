/** One framework inside another: the conformance suite over doors at the root of the outer and within the inner one. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import middie from '@fastify/middie';
import { getRequestListener } from '@hono/node-server';
import express, { type Express } from 'express';
import fastify from 'fastify';
import { Hono, type Context } from 'hono';
import { healthPlugin } from '../../src/adapters/fastify.js';
import { healthMiddleware as honoMiddleware } from '../../src/adapters/hono.js';
import { createHealthHandler } from '../../src/adapters/node.js';
import { expressEndpoints, forbid, koaEndpoints, koaOf, listening } from './applications.js';
import { describeAdapter } from './conformance.js';
import type { RunningApp, Framework, Mount } from './subject.js';

/** What has none of the middleware that the frameworks by themselves are tested with. */
function nest(
  name: string,
  start: (outer: Mount, inner: Mount) => Promise<RunningApp>,
  refuses?: RegExp,
): void {
  const framework: Framework = {
    name,
    helmet: false,
    compression: false,
    ...(refuses && { rejects: refuses }),
    start: ([outer, inner]) => {
      if (outer === undefined || inner === undefined) throw new Error('There are two mounts.');
      return start(outer, inner);
    },
  };
  describeAdapter(framework);
}

/** An Express application with the doors of `mount` at its own root. */
function innerExpress(mount: Mount): Express {
  return express().use(expressEndpoints(mount)).use(forbid);
}

nest('Express inside Express', (outer, inner) => {
  const app = express();
  app.use(expressEndpoints(outer));
  app.use(inner.prefix, innerExpress(inner));
  app.use(forbid);
  return listening(app.listen(0, '127.0.0.1'));
});

nest('Express inside Fastify, by middie', async (outer, inner) => {
  const app = fastify();
  await app.register(healthPlugin, { health: outer.health, ...outer.options });
  await app.register(middie);
  app.use(inner.prefix, innerExpress(inner));
  app.setNotFoundHandler((_request, reply) => reply.code(401).send('guarded'));
  await app.listen({ port: 0, host: '127.0.0.1' });
  return { port: (app.server.address() as AddressInfo).port, close: () => app.close() };
});

nest('Hono inside Express', (outer, { health, prefix, viewer, options: told }) => {
  const within = new Hono();
  within.use(
    honoMiddleware(health, {
      ...told,
      ...(viewer && { viewer: (context: Context) => viewer(context.req.header('x-viewer')) }),
    }),
  );
  within.use((context) => Promise.resolve(context.text('guarded', 401)));
  const app = express();
  app.use(expressEndpoints(outer));
  app.use(prefix, getRequestListener(within.fetch));
  app.use(forbid);
  return listening(app.listen(0, '127.0.0.1'));
});

nest('Koa behind the doors of node:http', async (outer, inner) => {
  const koa = koaOf([koaEndpoints(inner, inner.prefix)]).callback();
  const door = createHealthHandler(outer.health, outer.options);
  const server = createServer((request, response) => {
    if (!door(request, response)) void koa(request, response);
  });
  return listening(server.listen(0, '127.0.0.1'));
});
