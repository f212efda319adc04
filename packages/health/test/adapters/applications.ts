/** Applications of Express and Koa with two sets of doors in them, and whatever middleware a test wants around those. */
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Express, Request, RequestHandler, Response } from 'express';
import Koa from 'koa';
import { healthMiddleware as expressMiddleware } from '../../src/adapters/express.js';
import { healthMiddleware as koaMiddleware } from '../../src/adapters/koa.js';
import type { RunningApp, Mount } from './subject.js';

/** What stands before our doors, and between them and the guard. */
export interface Around {
  readonly before: readonly RequestHandler[];
  readonly after?: readonly RequestHandler[];
}

/** A server that listens, or is about to. */
export async function listening(server: Server): Promise<RunningApp> {
  if (!server.listening) await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

/** The guard of an Express application. */
export function forbid(_request: Request, response: Response): void {
  response.status(401).send('guarded');
}

/** Our doors for an Express application, wherever it puts them. */
export function expressEndpoints({ health, viewer, options: told }: Mount): RequestHandler {
  return expressMiddleware(health, {
    ...told,
    ...(viewer && { viewer: (request: Request) => viewer(request.get('x-viewer')) }),
  });
}

export function startExpress(
  make: () => Express,
  mounts: readonly Mount[],
  { before, after = [] }: Around,
): Promise<RunningApp> {
  const app = make();
  for (const middleware of before) app.use(middleware);
  for (const mount of mounts) {
    if (mount.prefix === '') app.use(expressEndpoints(mount));
    else app.use(mount.prefix, expressEndpoints(mount));
  }
  for (const middleware of after) app.use(middleware);
  app.use(forbid);
  return listening(app.listen(0, '127.0.0.1'));
}

/** Our doors for a Koa application, below the prefix unless something else takes that off. */
export function koaEndpoints({ health, viewer, options: told }: Mount, prefix = ''): Koa.Middleware {
  return koaMiddleware(health, {
    prefix,
    ...told,
    ...(viewer && { viewer: (context: Koa.Context) => viewer(context.get('x-viewer')) }),
  });
}

/** A Koa application of this middleware, behind which everything is guarded. */
export function koaOf(middleware: readonly Koa.Middleware[]): Koa {
  const app = new Koa();
  for (const one of middleware) app.use(one);
  app.use((context) => {
    context.status = 401;
    context.body = 'guarded';
  });
  return app;
}

export function startKoa(mounts: readonly Mount[], before: readonly Koa.Middleware[]): Promise<RunningApp> {
  const doors = mounts.map((mount) => koaEndpoints(mount, mount.prefix));
  return listening(koaOf([...before, ...doors]).listen(0, '127.0.0.1'));
}
