import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import helmet from 'helmet';
import Koa from 'koa';
import compress from 'koa-compress';
import { healthMiddleware } from '../../src/adapters/koa.js';
import { describeAdapter } from './conformance.js';

describeAdapter({
  name: 'Koa',
  helmet: true,
  compression: true,
  async start(mounts) {
    const app = new Koa();
    app.use(compress({ threshold: 0 }));
    const secure = promisify(helmet());
    app.use(async (context, next) => {
      await secure(context.req, context.res);
      await next();
    });
    for (const { health, prefix, viewer, told } of mounts) {
      app.use(
        healthMiddleware(health, {
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

describeAdapter({
  name: 'Koa, below a path as koa-mount does it',
  helmet: false,
  compression: false,
  async start(mounts) {
    const app = new Koa();
    for (const { health, prefix, viewer, told } of mounts) {
      const middleware = healthMiddleware(health, {
        ...told,
        ...(viewer && { viewer: (context: Koa.Context) => viewer(context.get('x-viewer')) }),
      });
      app.use(async (context, next) => {
        const path = context.path;
        if (!path.startsWith(`${prefix}/`)) return next();
        context.path = path.slice(prefix.length);
        return middleware(context, async () => {
          context.path = path;
          await next();
        });
      });
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
