/** One framework inside another: the conformance suite over doors at the root of the outer and within the inner one. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import middie from '@fastify/middie';
import { getRequestListener } from '@hono/node-server';
import express, { type Express, type Request, type Response } from 'express';
import fastify from 'fastify';
import { Hono, type Context } from 'hono';
import Koa from 'koa';
import { healthMiddleware as expressMiddleware } from '../../src/adapters/express.js';
import { healthPlugin } from '../../src/adapters/fastify.js';
import { healthMiddleware as honoMiddleware } from '../../src/adapters/hono.js';
import { healthMiddleware as koaMiddleware } from '../../src/adapters/koa.js';
import { createHealthDoor } from '../../src/adapters/node.js';
import { describeAdapter } from './conformance.js';
import type { App, Framework, Mount } from './subject.js';

/** What has none of the middleware that the frameworks by themselves are tested with. */
function nest(name: string, start: (outer: Mount, inner: Mount) => Promise<App>, refuses?: RegExp): void {
  const framework: Framework = {
    name,
    helmet: false,
    compression: false,
    ...(refuses && { refuses }),
    start: ([outer, inner]) => {
      if (outer === undefined || inner === undefined) throw new Error('There are two mounts.');
      return start(outer, inner);
    },
  };
  describeAdapter(framework);
}

async function listening(server: ReturnType<typeof createServer>): Promise<App> {
  if (!server.listening) await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

const guard = (_request: Request, response: Response): void => {
  response.status(401).send('guarded');
};

/** An Express application with the doors of `mount` at its own root. */
function innerExpress({ health, viewer, told }: Mount): Express {
  const app = express();
  app.use(
    expressMiddleware(health, {
      ...told,
      ...(viewer && { viewer: (request: Request) => viewer(request.get('x-viewer')) }),
    }),
  );
  app.use(guard);
  return app;
}

nest('Express inside Express', (outer, inner) => {
  const app = express();
  app.use(expressMiddleware(outer.health, outer.told));
  app.use(inner.prefix, innerExpress(inner));
  app.use(guard);
  return listening(app.listen(0, '127.0.0.1'));
});

nest('Express inside Fastify, by middie', async (outer, inner) => {
  const app = fastify();
  await app.register(healthPlugin, { health: outer.health, ...outer.told });
  await app.register(middie);
  app.use(inner.prefix, innerExpress(inner));
  app.setNotFoundHandler((_request, reply) => reply.code(401).send('guarded'));
  await app.listen({ port: 0, host: '127.0.0.1' });
  return { port: (app.server.address() as AddressInfo).port, close: () => app.close() };
});

nest('Hono inside Express', (outer, { health, prefix, viewer, told }) => {
  const within = new Hono();
  within.use(
    honoMiddleware(health, {
      ...told,
      ...(viewer && { viewer: (context: Context) => viewer(context.req.header('x-viewer')) }),
    }),
  );
  within.use((context) => Promise.resolve(context.text('guarded', 401)));
  const app = express();
  app.use(expressMiddleware(outer.health, outer.told));
  app.use(prefix, getRequestListener(within.fetch));
  app.use(guard);
  return listening(app.listen(0, '127.0.0.1'));
});

nest('Koa behind the doors of node:http', async (outer, { health, prefix, viewer, told }) => {
  const within = new Koa();
  within.use(
    koaMiddleware(health, {
      prefix,
      ...told,
      ...(viewer && { viewer: (context: Koa.Context) => viewer(context.get('x-viewer')) }),
    }),
  );
  within.use((context) => {
    context.status = 401;
    context.body = 'guarded';
  });
  const [door, koa] = [createHealthDoor(outer.health, outer.told), within.callback()];
  const server = createServer((request, response) => {
    if (!door(request, response)) void koa(request, response);
  });
  return listening(server.listen(0, '127.0.0.1'));
});
