/**
 * The health endpoints as middleware of Koa.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { createEndpoints, headersBeside, type EndpointOptions, type Endpoints } from '../http/endpoints.js';
import { atFirstRequests, isSamePath } from '../http/taken-paths.js';
import { member } from '../unknown.js';
import type { Health } from '../health-type.js';

export type { EndpointOptions, EndpointPaths } from '../http/endpoints.js';
export {
  handleSignals,
  shutDown,
  type ShutdownOptions,
  type SignalHandling,
  type SignalOptions,
  type StoppableServer,
} from '../shutdown.js';

/** The members used of Koa's context. */
export interface KoaContext {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  status: number;
  body: unknown;
  readonly app: { readonly middleware?: readonly unknown[] };
  readonly response: { get(header: string): unknown };
  set(headers: Record<string, string>): void;
}

/** Middleware in the words of Koa; what is for no endpoint is passed on. */
export type HealthMiddleware<Context extends KoaContext = KoaContext> = (
  context: Context,
  next: () => Promise<unknown>,
) => Promise<void>;

/**
 * Makes middleware that answers the endpoints of `health`. Use it first, so that nothing stands before it. Koa has no mount
 * paths of its own: below a path, give `prefix`, or use koa-mount.
 *
 * @example
 * ```ts
 * import Koa from 'koa';
 * import { createHealth } from 'portal-health';
 * import { healthMiddleware } from 'portal-health/koa';
 *
 * const health = createHealth({});
 * await health.start();
 * const app = new Koa();
 * app.use(healthMiddleware(health)); // or healthMiddleware(health, { prefix: '/internal' })
 * ```
 * @throws TypeError when a path does not begin with a slash, or an option cannot be used
 */
export function healthMiddleware<Context extends KoaContext = KoaContext>(
  health: Health,
  options: EndpointOptions<Context> = {},
): HealthMiddleware<Context> {
  const endpoints = createEndpoints(health, options);
  const lookForRoutes = atFirstRequests(({ app }: Context) => noteKoaRoutes(endpoints, app.middleware ?? []));
  return async (context, next) => {
    lookForRoutes(context);
    const question = endpoints.match(context.method, context.url, context.headers.accept);
    if (question === undefined) {
      await next();
      return;
    }
    const answer = await endpoints.respond(question, context);
    context.status = answer.status;
    // Koa derives type and length from a body; ours come after it, and for HEAD they are those of GET.
    context.body = answer.body;
    context.set(headersBeside(answer, context.response.get('vary')));
  };
}

/** Of @koa/router, whose middleware holds its router. */
function noteKoaRoutes(
  { paths, noteRoute }: Pick<Endpoints<never>, 'paths' | 'noteRoute'>,
  middleware: readonly unknown[],
): void {
  const routes = middleware.flatMap((one) => {
    const stack = member(member(one, 'router'), 'stack');
    return Array.isArray(stack) ? (stack as readonly unknown[]) : [];
  });
  for (const path of paths) {
    if (routes.some((route) => isSamePath(member(route, 'path'), path))) noteRoute(path);
  }
}
