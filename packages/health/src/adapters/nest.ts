/**
 * The health endpoints as a module of Nest, on Express and on Fastify. The endpoints stand before every route, so no guard,
 * interceptor, pipe, filter or global prefix is asked; what the module makes it starts, drains and closes with the
 * application.
 */
import type { IncomingMessage } from 'node:http';
import type { EndpointOptions } from '../http/endpoints.js';
import type { Health } from '../health-type.js';
import {
  checkShutdownOptions,
  sayGoodbye,
  wait,
  type ShutdownOptions,
  type StoppableServer,
} from '../shutdown.js';
import { DEFAULTS } from '../defaults.js';
import { OBJECT, optional, required, type Rules } from 'portal-shared/check-options';
import { checkEndpointOptions } from '../http/endpoint-options.js';
import { createEndpoints, type Endpoints } from '../http/endpoints.js';
import { handlerOf, type NodeResponse } from '../http/node-handler.js';
import { hasMethods } from '../unknown.js';
import { hasExpressRoute } from './express-routes.js';

export type { EndpointOptions, EndpointPaths } from '../http/endpoints.js';

/**
 * The token under which other providers have the health that the module made: `@Inject(HEALTH)`. The same in every copy of
 * the library that is in one process.
 */
export const HEALTH: symbol = Symbol.for('portal-health');

/** What the module is made of: a provider in Nest's words, and what the endpoints can be told. */
export interface HealthModuleOptions extends Omit<EndpointOptions<IncomingMessage>, 'viewer'> {
  /** Makes the health, of what is injected. */
  readonly useFactory: (...dependencies: never[]) => Health | Promise<Health>;
  /** Tokens of what `useFactory` is given, in order. */
  readonly inject?: readonly unknown[];
  /** Modules that provide what is injected. */
  readonly imports?: readonly unknown[];
  /** Who asks, as in `EndpointOptions`: of Express's request, on Fastify of Node's. A method, so that it may name either. */
  viewer?(this: void, request: IncomingMessage): unknown;
  /** How it ends on a signal, where `app.enableShutdownHooks()` was called; `app.close()` by itself does not wait. */
  readonly shutdown?: Omit<ShutdownOptions, 'onClose'>;
}

const LIST = optional('to be a list', Array.isArray);
const OWN: Rules<Omit<HealthModuleOptions, keyof EndpointOptions>> = {
  useFactory: required('to be a function', (value) => typeof value === 'function'),
  inject: LIST,
  imports: LIST,
  shutdown: OBJECT,
};

/** A dynamic module in Nest's words. */
export interface HealthModule {
  readonly module: new (health: Health) => object;
  readonly global: true;
  readonly imports: never[];
  readonly providers: { provide: symbol; inject: never[]; useFactory: HealthModuleOptions['useFactory'] }[];
  readonly exports: symbol[];
}

/** What Nest hands to `configure`, as far as it is used. */
interface Consumer {
  getHttpAdapter(): {
    use(middleware: unknown): unknown;
    getHttpServer(): StoppableServer | undefined;
    getInstance(): unknown;
  };
}

/**
 * Makes a module to import in the application's root module. `/health` answers there, before guards and without the
 * global prefix.
 *
 * @example
 * ```ts
 * import { createHealth } from 'portal-health';
 * import { createHealthModule } from 'portal-health/nest';
 *
 * const imports = [createHealthModule({ useFactory: () => createHealth({}) })]; // of your AppModule
 * ```
 * @throws TypeError when an option cannot be used
 */
export function createHealthModule(options: HealthModuleOptions): HealthModule {
  checkEndpointOptions(options, OWN);
  const { useFactory, inject = [], imports = [], viewer, shutdown = {}, ...rest } = options;
  checkShutdownOptions(shutdown, 'shutdown');
  const endpointOptions = {
    ...rest,
    ...(viewer && { viewer: (request: IncomingMessage) => viewer(request) }),
  };

  /** Nest knows a module by its class; one of its own for each call, so that two healths are two modules. */
  class PortalHealthModule {
    readonly #health: Health;
    #server: StoppableServer | undefined;
    #cut: NodeJS.Timeout | undefined;
    #lookForRoutes: () => void = () => undefined;

    constructor(health: Health) {
      this.#health = health;
    }

    /** Nest calls it before it binds any middleware of a module or any route. */
    configure(consumer: Consumer): void {
      const adapter = consumer.getHttpAdapter();
      const endpoints = createEndpoints<IncomingMessage>(this.#health, endpointOptions);
      const handler = handlerOf(endpoints);
      const middleware = (request: IncomingMessage, response: NodeResponse, next: () => void): void => {
        if (!handler(request, response)) next();
      };
      this.#server = adapter.getHttpServer();
      this.#lookForRoutes = () => noteNestRoutes(endpoints, adapter.getInstance(), middleware);
      adapter.use(middleware);
    }

    /** Nest has made its routes by now. */
    onApplicationBootstrap(): void {
      this.#lookForRoutes();
    }

    async onModuleInit(): Promise<void> {
      await this.#health.start();
    }

    /** The first step of `app.close()`: connections are still served. */
    onModuleDestroy(): void {
      this.#health.drain();
    }

    /** The second: after it no connection is accepted. */
    async beforeApplicationShutdown(signal?: string): Promise<void> {
      const { graceMs = DEFAULTS.shutdownGraceMs, deadlineMs = DEFAULTS.shutdownDeadlineMs } = shutdown;
      if (signal !== undefined) await wait(graceMs);
      if (this.#server) sayGoodbye(this.#server);
      this.#cut = setTimeout(() => this.#server?.closeAllConnections?.(), deadlineMs);
    }

    /** The last one: nobody is served any more. */
    async onApplicationShutdown(): Promise<void> {
      clearTimeout(this.#cut);
      await this.#health.close();
    }
  }
  injectInto(PortalHealthModule, HEALTH);

  return {
    module: PortalHealthModule,
    global: true,
    imports: imports as never[],
    providers: [{ provide: HEALTH, inject: inject as never[], useFactory }],
    exports: [HEALTH],
  };
}

/** `app` is what Nest stands on: an application of Express or of Fastify. */
function noteNestRoutes({ paths, noteRoute }: Endpoints<never>, app: unknown, own: unknown): void {
  for (const path of paths) {
    if (hasFastifyRoute(app, path) || hasExpressRoute(app, path, own)) noteRoute(path);
  }
}

function hasFastifyRoute(app: unknown, path: string): boolean {
  if (!hasMethods(app, ['hasRoute'])) return false;
  return (app as { hasRoute(route: object): unknown }).hasRoute({ method: 'GET', url: path }) === true;
}

/** What `@Inject` does: the metadata that Nest reads, by the `Reflect` that it brings along. */
function injectInto(module: object, token: symbol): void {
  const { defineMetadata } = Reflect as {
    defineMetadata?: (key: string, value: unknown, on: object) => void;
  };
  if (defineMetadata === undefined) throw new TypeError('Expected @nestjs/common to be imported before.');
  defineMetadata('design:paramtypes', [token], module);
}
