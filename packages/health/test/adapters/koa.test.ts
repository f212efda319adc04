import { promisify } from 'node:util';
import helmet from 'helmet';
import type Koa from 'koa';
import compress from 'koa-compress';
import { koaEndpoints, koaOf, listening, startKoa } from './applications.js';
import { describeAdapter } from './conformance.js';
import type { Mount } from './subject.js';

const secure = promisify(helmet());

describeAdapter({
  name: 'Koa',
  helmet: true,
  compression: true,
  start: (mounts) =>
    startKoa(mounts, [
      compress({ threshold: 0 }),
      async (context, next) => {
        await secure(context.req, context.res);
        await next();
      },
    ]),
});

describeAdapter({
  name: 'Koa, below a path as koa-mount does it',
  helmet: false,
  compression: false,
  start: (mounts) => listening(koaOf(mounts.map(mounted)).listen(0, '127.0.0.1')),
});

function mounted(mount: Mount): Koa.Middleware {
  const { prefix } = mount;
  const middleware = koaEndpoints(mount);
  return async (context, next) => {
    const path = context.path;
    if (!path.startsWith(`${prefix}/`)) return next();
    context.path = path.slice(prefix.length);
    return middleware(context, async () => {
      context.path = path;
      await next();
    });
  };
}
