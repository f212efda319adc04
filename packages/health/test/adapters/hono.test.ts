import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { Hono, type Context } from 'hono';
import { compress } from 'hono/compress';
import { secureHeaders } from 'hono/secure-headers';
import { healthMiddleware } from '../../src/adapters/hono.js';
import { describeAdapter } from './conformance.js';

describeAdapter({
  name: 'Hono',
  helmet: true,
  compression: true,
  refuses: /^HTTP:/,
  async start(mounts) {
    const app = new Hono();
    app.use(secureHeaders());
    app.use(compress());
    for (const { health, prefix, viewer, told } of mounts) {
      app.use(
        healthMiddleware(health, {
          prefix,
          ...told,
          ...(viewer && { viewer: (context: Context) => viewer(context.req.header('x-viewer')) }),
        }),
      );
    }
    app.use((context) => Promise.resolve(context.text('guarded', 401)));
    const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' });
    await once(server, 'listening');
    return {
      port: (server.address() as AddressInfo).port,
      close: () => new Promise((resolve) => server.close(resolve)),
    };
  },
});
