/** Each framework with our endpoints first and a route for everything behind them, as applications make them at load time. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { All, Controller, Module } from '@nestjs/common';
import { type AbstractHttpAdapter, NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import express, { type Express } from 'express';
import express4 from 'express-4';
import fastify from 'fastify';
import { Hono } from 'hono';
import Koa from 'koa';
import { healthMiddleware as expressMiddleware } from '../../src/adapters/express.js';
import { healthPlugin } from '../../src/adapters/fastify.js';
import { healthMiddleware as honoMiddleware } from '../../src/adapters/hono.js';
import { healthMiddleware as koaMiddleware } from '../../src/adapters/koa.js';
import { createHealthModule, type HealthModule } from '../../src/adapters/nest.js';
import { createHealthHandler } from '../../src/adapters/node.js';
import type { EndpointOptions } from '../../src/http/endpoints.js';
import type { Health } from '../../src/index.js';
import { listening } from './applications.js';
import type { RunningApp } from './subject.js';

/** What every adapter takes, whatever its requests are. */
export type AnyOptions = EndpointOptions;

/** Makes the application and listens. Rejects, or throws, as the adapter does. */
export type MountIn = (health: Health, options?: AnyOptions) => Promise<RunningApp>;

/** What the route for everything answers. */
export const EVERYTHING = 'everything else';

export const FRAMEWORKS: Readonly<Record<string, MountIn>> = {
  'node:http': async (health, options) => {
    const handler = createHealthHandler(health, options);
    const server = createServer((request, response) => {
      if (!handler(request, response)) response.end(EVERYTHING);
    });
    return listening(server.listen(0, '127.0.0.1'));
  },
  'Express 5': async (health, options) => inExpress(express(), health, options),
  'Express 4': async (health, options) =>
    inExpress((express4 as unknown as () => Express)(), health, options),
  Koa: async (health, options) => {
    const app = new Koa();
    app.use(koaMiddleware(health, options));
    app.use((context) => void (context.body = EVERYTHING));
    return listening(app.listen(0, '127.0.0.1'));
  },
  Hono: async (health, options) => {
    const app = new Hono();
    app.use(honoMiddleware(health, options));
    app.all('*', (context) => context.text(EVERYTHING));
    return listening(serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as never);
  },
  Fastify: (health, options) => inFastify(health, options, { isFirst: true }),
  'Fastify, registered last': (health, options) => inFastify(health, options, { isFirst: false }),
  'Nest on Express': (health, options) => inNest(new ExpressAdapter(), '{*path}', health, options),
  'Nest on Fastify': (health, options) => inNest(new FastifyAdapter(), '*', health, options),
};

async function inExpress(app: Express, health: Health, options?: AnyOptions): Promise<RunningApp> {
  app.use(expressMiddleware(health, options));
  app.all(/.*/, (_request, response) => void response.end(EVERYTHING));
  return listening(app.listen(0, '127.0.0.1'));
}

/** In Fastify the order decides who is asked first, not who is asked at all. */
async function inFastify(
  health: Health,
  options: AnyOptions | undefined,
  { isFirst }: { readonly isFirst: boolean },
): Promise<RunningApp> {
  const app = fastify();
  const mount = async (): Promise<void> => {
    await app.register(healthPlugin, { health, ...(options as object) });
  };
  if (isFirst) await mount();
  app.all('/*', () => EVERYTHING);
  if (!isFirst) await mount();
  await app.listen({ port: 0, host: '127.0.0.1' });
  return { port: (app.server.address() as AddressInfo).port, close: () => app.close() };
}

async function inNest(
  adapter: AbstractHttpAdapter,
  path: string,
  health: Health,
  options?: AnyOptions,
): Promise<RunningApp> {
  const module = createHealthModule({ useFactory: () => health, ...(options as object) });
  const app = await NestFactory.create(rootModule(module, path), adapter, {
    logger: false,
    forceCloseConnections: true,
  });
  await app.listen(0, '127.0.0.1');
  const { port } = (app.getHttpServer() as { address(): AddressInfo }).address();
  return { port, close: () => app.close() };
}

/** Its decorators are called, as this package compiles none. */
function rootModule(health: HealthModule, path: string): new () => object {
  class Everything {
    all(): string {
      return EVERYTHING;
    }
  }
  const handler = Object.getOwnPropertyDescriptor(Everything.prototype, 'all');
  if (!handler) throw new Error('A method has a descriptor.');
  All(path)(Everything.prototype, 'all', handler);
  Controller()(Everything);
  class Root {
    readonly name = 'application';
  }
  Module({ imports: [health], controllers: [Everything] })(Root);
  return Root;
}
