import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { serve } from '@hono/node-server';
import { Hono, type Context } from 'hono';
import { compress } from 'hono/compress';
import { cors } from 'hono/cors';
import { secureHeaders } from 'hono/secure-headers';
import { healthMiddleware } from '../../src/adapters/hono.js';
import { createHealth } from '../../src/index.js';
import { describeAdapter } from './conformance.js';

describeAdapter({
  name: 'Hono',
  helmet: true,
  compression: true,
  rejects: /^HTTP:/,
  async start(mounts) {
    const app = new Hono();
    app.use(secureHeaders());
    app.use(compress());
    for (const { health, prefix, viewer, options: told } of mounts) {
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

test('Hono: what earlier middleware has set stays beside ours, and ours is not lost to it', async () => {
  const health = createHealth({});
  const app = new Hono();
  app.use(async (context, next) => {
    context.header('Vary', 'X-Tenant');
    context.header('X-Early', 'kept');
    context.header('Set-Cookie', 'a=1', { append: true });
    context.header('Set-Cookie', 'b=2', { append: true });
    context.header('Cache-Control', 'public, max-age=86400');
    await next();
  });
  app.use(cors({ origin: 'https://example.org' }));
  app.use(healthMiddleware(health));
  for (const path of ['/health', '/metrics']) {
    const { headers } = await app.request(path, { headers: { origin: 'https://example.org' } });
    assert.equal(headers.get('vary'), 'X-Tenant, Accept, Origin', path);
    assert.equal(headers.get('x-early'), 'kept', path);
    assert.deepEqual(headers.getSetCookie(), ['a=1', 'b=2'], path);
    assert.equal(headers.get('access-control-allow-origin'), 'https://example.org', path);
    assert.equal(headers.get('cache-control'), 'no-store', path);
  }
  const refusal = await app.request('/livez', { method: 'POST' });
  assert.deepEqual([refusal.status, refusal.headers.get('allow')], [405, 'GET, HEAD']);
  assert.equal(refusal.headers.get('x-early'), 'kept');
  const late = await app.request('/livez');
  assert.equal(late.headers.get('content-type'), 'text/plain; charset=utf-8');
  await health.close();
});
