import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { All, Controller, Module, UnauthorizedException, type INestApplication } from '@nestjs/common';
import { type AbstractHttpAdapter, NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import compression from 'compression';
import type { Request } from 'express';
import helmet from 'helmet';
import { createHealthModule, HEALTH, type HealthModule } from '../../src/adapters/nest.js';
import { createHealth, type Health } from '../../src/index.js';
import { describeAdapter } from './conformance.js';
import { requestHttp1 } from './exchange.js';

/** What Nest stands on. */
interface Platform {
  readonly adapter: () => AbstractHttpAdapter;
  /** The route for everything, in its words. */
  readonly everything: string;
  /** A header, of the request that a viewer is given. */
  readonly header: (request: never, name: string) => unknown;
}

const EXPRESS: Platform = {
  adapter: () => new ExpressAdapter(),
  everything: '{*path}',
  header: (request: Request, name) => request.get(name),
};
const FASTIFY: Platform = {
  adapter: () => new FastifyAdapter(),
  everything: '*',
  // Fastify's middleware is given Node's request.
  header: (request: IncomingMessage, name) => request.headers[name],
};

/** A root module with a route for everything; its decorators are called, as this package compiles none. */
function appModule(imports: readonly HealthModule[], everything: string): new () => object {
  class AppController {
    all(): string {
      return 'not guarded';
    }
  }
  const handler = Object.getOwnPropertyDescriptor(AppController.prototype, 'all');
  assert.ok(handler);
  All(everything)(AppController.prototype, 'all', handler);
  Controller()(AppController);
  class AppModule {
    readonly name = 'application';
  }
  Module({ imports: [...imports], controllers: [AppController] })(AppModule);
  return AppModule;
}

async function application(
  imports: readonly HealthModule[],
  { adapter, everything } = EXPRESS,
): Promise<INestApplication> {
  const app = await NestFactory.create(appModule(imports, everything), adapter(), {
    logger: false,
    forceCloseConnections: true,
  });
  app.useGlobalGuards({
    canActivate() {
      throw new UnauthorizedException('guarded');
    },
  });
  return app;
}

async function portOf(app: INestApplication): Promise<number> {
  await app.listen(0, '127.0.0.1');
  return (app.getHttpServer() as { address(): AddressInfo }).address().port;
}

for (const [name, platform] of [
  ['Nest', EXPRESS],
  ['Nest on Fastify', FASTIFY],
] as const) {
  describeAdapter({
    name,
    helmet: true,
    compression: true,
    async start(mounts) {
      const modules = mounts.map(({ health, prefix, viewer, options: told }) =>
        createHealthModule({
          useFactory: () => health,
          prefix,
          ...told,
          ...(viewer && { viewer: (request) => viewer(platform.header(request as never, 'x-viewer')) }),
        }),
      );
      const app = await application(modules, platform);
      app.use(helmet());
      app.use(compression({ threshold: 0 }));
      return { port: await portOf(app), close: () => app.close() };
    },
  });
}

test('Nest: what is injected reaches the factory, and what it makes reaches others', async () => {
  const SETTINGS = Symbol('settings');
  class SettingsModule {
    readonly name = 'settings';
  }
  Module({ providers: [{ provide: SETTINGS, useValue: { check: () => true } }], exports: [SETTINGS] })(
    SettingsModule,
  );
  const app = await application([
    createHealthModule({
      imports: [SettingsModule],
      inject: [SETTINGS],
      useFactory: async (settings: { check: () => boolean }) =>
        createHealth({ checks: { queue: settings.check } }),
    }),
  ]);
  app.setGlobalPrefix('api');
  const health = app.get<Health>(HEALTH);
  let readyWhileClosing: boolean | undefined;
  try {
    const port = await portOf(app);
    assert.equal(health.started(), true, 'started before the application listens');
    assert.deepEqual(JSON.parse((await requestHttp1(port, '/health')).body), health.report('public'));
    assert.equal((await requestHttp1(port, '/api/anything')).status, 401);
    assert.equal(health.ready(), true);
  } finally {
    const server = app.getHttpServer() as { once(event: 'close', listener: () => void): void };
    server.once('close', () => {
      readyWhileClosing = health.ready();
    });
    await app.close();
  }
  assert.equal(readyWhileClosing, false, 'drained before its connections are closed');
});

test('Nest: one module may serve several applications, each with a health of its own', async () => {
  const module = createHealthModule({ useFactory: () => createHealth({}) });
  const apps = [await application([module]), await application([module])] as const;
  await Promise.all(apps.map((app) => app.init()));
  const [first, second] = apps.map((app) => app.get<Health>(HEALTH));
  assert.notEqual(first, second);
  await apps[0].close();
  assert.deepEqual([first?.ready(), second?.ready()], [false, true]);
  await apps[1].close();
});

test('Nest: a module without a factory is refused', () => {
  assert.throws(() => createHealthModule({} as never), {
    name: 'TypeError',
    message: 'Expected the `useFactory` option to be a function, got undefined.',
  });
});
