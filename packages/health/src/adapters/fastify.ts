/**
 * The health endpoints as a plugin of Fastify. It answers in an `onRequest` hook, which is before everything that was
 * registered later and knows every method and spelling of a path; beside it each endpoint has a route, so that it is listed
 * among the routes, is not logged, and works in a context with a prefix, where no hook hears of a route that is not there.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { ANYTHING, BOOLEAN, OBJECT, optionError, type Rules } from 'portal-shared/check-options';
import { createEndpoints, headersBeside, type EndpointOptions } from '../http/endpoints.js';
import { checkEndpointOptions } from '../http/endpoint-options.js';
import type { Health } from '../health-type.js';
import type { HealthResponse } from '../http/respond.js';
import { handleSignalsBy, type SignalHandling, type SignalOptions } from '../shutdown.js';

export type { EndpointOptions, EndpointPaths } from '../http/endpoints.js';
export type { ShutdownOptions, SignalOptions } from '../shutdown.js';

/** The members used of Fastify's request. */
export interface FastifyRequestLike {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

/** The members used of Fastify's reply. */
export interface FastifyReplyLike {
  readonly sent: boolean;
  code(status: number): unknown;
  getHeader(name: string): unknown;
  headers(values: Record<string, string>): unknown;
  callNotFound(): unknown;
  send(body: Uint8Array): unknown;
}

/** The members used of Fastify's instance. */
export interface FastifyInstanceLike {
  readonly prefix: string;
  readonly server: object;
  close(): PromiseLike<unknown>;
  addHook(
    name: 'onRequest',
    hook: (request: FastifyRequestLike, reply: FastifyReplyLike, done: () => void) => void,
  ): unknown;
  addHook(name: 'onReady' | 'preClose' | 'onClose', hook: () => Promise<void>): unknown;
  hasRoute?(options: { method: string; url: string }): boolean;
  route(options: {
    method: string[];
    url: string;
    logLevel: 'silent';
    exposeHeadRoute: false;
    schema: object;
    handler: (request: FastifyRequestLike, reply: FastifyReplyLike) => unknown;
  }): unknown;
}

/** What `app.register(healthPlugin, …)` is given. */
export interface HealthPluginOptions extends Omit<EndpointOptions, 'viewer'> {
  readonly health: Health;
  /** Who asks, as in `EndpointOptions`. A method, so that it may name Fastify's own request, or one that you extended. */
  viewer?(this: void, request: FastifyRequestLike): unknown;
  /** Whether the health starts, drains and closes with the application; default true. */
  readonly lifecycle?: boolean;
  /** Given, even empty: signals end the application, as `handleSignals` of portal-health/node does it. Default: none do. */
  readonly signals?: SignalOptions;
}

/** Fastify hands its own options of `register` to the plugin as well. */
interface RegisterOptions extends HealthPluginOptions {
  readonly logLevel?: unknown;
  readonly logSerializers?: unknown;
}

const OWN: Rules<Omit<RegisterOptions, keyof EndpointOptions>> = {
  health: ANYTHING,
  lifecycle: BOOLEAN,
  signals: OBJECT,
  logLevel: ANYTHING,
  logSerializers: ANYTHING,
};

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

async function plugin(instance: FastifyInstanceLike, options: HealthPluginOptions): Promise<void> {
  checkEndpointOptions(options, OWN);
  const {
    health,
    prefix = '',
    viewer,
    lifecycle = true,
    signals,
    logLevel: _,
    logSerializers: __,
    ...rest
  } = options as RegisterOptions;
  const endpoints = createEndpoints<FastifyRequestLike>(health, {
    ...rest,
    prefix: instance.prefix + prefix,
    ...(viewer && { viewer: (request) => viewer(request) }),
  });

  addLifecycle(instance, health, { lifecycle, signals });

  /** False when the request is for no endpoint. */
  function answers(request: FastifyRequestLike, reply: FastifyReplyLike): boolean {
    const question = endpoints.match(request.method, request.url, request.headers.accept);
    if (question === undefined) return false;
    const answer = endpoints.respond(question, request);
    if (answer instanceof Promise) void answer.then((late) => send(reply, late));
    else send(reply, answer);
    return true;
  }

  instance.addHook('onRequest', (request, reply, done) => {
    if (!answers(request, reply)) done();
  });
  for (const path of endpoints.paths) {
    const url = path.slice(instance.prefix.length);
    // Fastify would say which route there is twice, and not what to do.
    if (instance.hasRoute?.({ method: 'GET', url: path })) {
      throw optionError(
        `paths.${endpoints.at(path)}`,
        'to be null, or a path at which there is no route yet',
        path,
      );
    }
    instance.route({
      method: METHODS,
      url,
      logLevel: 'silent',
      exposeHeadRoute: false,
      schema: { hide: true },
      handler: (request, reply) => {
        // Fastify decodes a path before it compares it, so `/%68ealth` comes here and is no endpoint: nobody else would answer.
        if (!answers(request, reply)) reply.callNotFound();
        return reply;
      },
    });
  }
}

/** While an application of Fastify closes it answers 503 to everything, so the wait comes before. */
function addLifecycle(
  instance: FastifyInstanceLike,
  health: Health,
  { lifecycle, signals }: { readonly lifecycle: boolean; readonly signals: SignalOptions | undefined },
): void {
  let handling: SignalHandling | undefined;
  if (signals) {
    handling = handleSignalsBy(
      async (deadlineMs) => {
        const { server }: { readonly server: { closeAllConnections?(): void } } = instance;
        const cut = setTimeout(() => server.closeAllConnections?.(), deadlineMs);
        await instance.close();
        clearTimeout(cut);
      },
      health,
      signals,
      'signals',
    );
  }
  if (lifecycle) {
    instance.addHook('onReady', async () => void health.start());
    instance.addHook('preClose', async () => health.drain());
  }
  instance.addHook('onClose', async () => {
    handling?.close();
    if (lifecycle) await health.close();
  });
}

function send(reply: FastifyReplyLike, answer: HealthResponse): void {
  // While a viewer was asked, a timeout of the application's may have answered.
  if (reply.sent) return;
  reply.code(answer.status);
  reply.headers({ ...headersBeside(answer, reply.getHeader('vary')) });
  // Of text Fastify would change the content type.
  reply.send(Buffer.from(answer.body));
}

/**
 * The endpoints of `options.health`. Register it first and wait for it, so that no hook of yours stands before it.
 *
 * @example
 * ```ts
 * import fastify from 'fastify';
 * import { createHealth } from 'portal-health';
 * import { healthPlugin } from 'portal-health/fastify';
 *
 * const health = createHealth({});
 * await health.start();
 * const app = fastify();
 * await app.register(healthPlugin, { health }); // or { health, prefix: '/internal' }
 * ```
 * @throws TypeError when a path does not begin with a slash, or an option cannot be used
 */
export const healthPlugin: typeof plugin = Object.assign(plugin, {
  // What fastify-plugin does: the hook is to be heard by the whole context that registers it, not by ours alone.
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'portal-health',
});
