/**
 * Applications that read every body before anybody is asked, as many do: the same conformance suite with a body parser in
 * front of the doors, which by then find a body that is gone.
 */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import express, { type Express, type Request, type Response } from 'express';
import express4 from 'express-4';
import helmet from 'helmet';
import Koa from 'koa';
import bodyParser from 'koa-bodyparser';
import { healthMiddleware as expressMiddleware } from '../../src/adapters/express.js';
import { healthMiddleware as koaMiddleware } from '../../src/adapters/koa.js';
import { describeAdapter } from './conformance.js';

for (const [name, make] of [
  ['Express 5, behind a body parser', express],
  ['Express 4, behind a body parser', express4],
] as const) {
  describeAdapter({
    name,
    helmet: true,
    compression: false,
    async start(mounts) {
      const app: Express = make();
      app.use(helmet());
      app.use(express.json());
      app.use(express.urlencoded());
      for (const { health, prefix, viewer, told } of mounts) {
        const options = {
          ...told,
          ...(viewer && { viewer: (request: Request) => viewer(request.get('x-viewer')) }),
        };
        if (prefix === '') app.use(expressMiddleware(health, options));
        else app.use(prefix, expressMiddleware(health, options));
      }
      app.use((_request: Request, response: Response) => {
        response.status(401).send('guarded');
      });
      const server = app.listen(0, '127.0.0.1');
      await once(server, 'listening');
      return {
        port: (server.address() as AddressInfo).port,
        close: () => new Promise((resolve) => server.close(resolve)),
      };
    },
  });
}

describeAdapter({
  name: 'Koa, behind a body parser',
  helmet: false,
  compression: false,
  async start(mounts) {
    const app = new Koa();
    app.use(bodyParser());
    for (const { health, prefix, viewer, told } of mounts) {
      app.use(
        koaMiddleware(health, {
          prefix,
          ...told,
          ...(viewer && { viewer: (context: Koa.Context) => viewer(context.get('x-viewer')) }),
        }),
      );
    }
    app.use((context) => {
      context.status = 401;
      context.body = 'guarded';
    });
    const server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return {
      port: (server.address() as AddressInfo).port,
      close: () => new Promise((resolve) => server.close(resolve)),
    };
  },
});
