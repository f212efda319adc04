import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import compression from 'compression';
import express, { type Express, type Request, type Response } from 'express';
import express4 from 'express-4';
import helmet from 'helmet';
import { healthMiddleware } from '../../src/adapters/express.js';
import { describeAdapter } from './conformance.js';
import type { App, Mount } from './subject.js';

async function start(make: () => Express, mounts: readonly Mount[]): Promise<App> {
  const app = make();
  app.use(helmet());
  app.use(compression({ threshold: 0 }));
  for (const { health, prefix, viewer, told } of mounts) {
    const options = {
      ...told,
      ...(viewer && { viewer: (request: Request) => viewer(request.get('x-viewer')) }),
    };
    if (prefix === '') app.use(healthMiddleware(health, options));
    else app.use(prefix, healthMiddleware(health, options));
  }
  app.use(express.json());
  app.use((_request: Request, response: Response) => {
    response.status(401).send('guarded');
  });
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

for (const [name, make] of [
  ['Express 5', express],
  ['Express 4', express4],
] as const) {
  describeAdapter({ name, helmet: true, compression: true, start: (mounts) => start(make, mounts) });
}
