/**
 * The health endpoints as middleware of Hono, on any server that Hono runs on in Node.
 */
import { createEndpoints, headersBeside, type EndpointOptions, type Endpoints } from '../http/endpoints.js';
import { isSamePath } from '../http/taken-paths.js';
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

/** The members used of Hono's context. */
export interface HonoContext {
  readonly req: { readonly raw: Request };
  readonly res: { readonly headers: Headers };
}

/** Middleware in the words of Hono; what is for no endpoint is passed on. */
export type HealthMiddleware<Context extends HonoContext = HonoContext> = (
  context: Context,
  next: () => Promise<void>,
) => Promise<Response | undefined>;

/**
 * Makes middleware that answers the endpoints of `health`. Use it first, so that nothing stands before it. Hono leaves the
 * whole path to its middleware: below a path, give `prefix`.
 *
 * @example
 * ```ts
 * import { Hono } from 'hono';
 * import { createHealth } from 'portal-health';
 * import { healthMiddleware } from 'portal-health/hono';
 *
 * const health = createHealth({});
 * await health.start();
 * const app = new Hono();
 * app.use(healthMiddleware(health)); // or healthMiddleware(health, { prefix: '/internal' })
 * ```
 * @throws TypeError when a path does not begin with a slash, or an option cannot be used
 */
export function healthMiddleware<Context extends HonoContext = HonoContext>(
  health: Health,
  options: EndpointOptions<Context> = {},
): HealthMiddleware<Context> {
  const endpoints = createEndpoints(health, options);
  return async (context, next) => {
    const { method, url, headers } = context.req.raw;
    const question = endpoints.match(method, url, headers.get('accept') ?? undefined);
    if (question === undefined) {
      await next();
      return undefined;
    }
    noteHonoRoute(endpoints, context);
    const answer = await endpoints.respond(question, context);
    // Hono lays what earlier middleware has set over what is returned here, or loses it; so ours are set among them.
    const { headers: together } = context.res;
    for (const [name, value] of Object.entries(headersBeside(answer, together.get('vary')))) {
      together.set(name, value);
    }
    return new Response(answer.body, { status: answer.status, headers: together });
  };
}

/** Hono says of a request which routes are behind us, and of an application nothing. */
function noteHonoRoute(
  { paths, noteRoute }: Pick<Endpoints<never>, 'paths' | 'noteRoute'>,
  { req }: HonoContext,
): void {
  const matched = member(req, 'matchedRoutes');
  if (!Array.isArray(matched)) return;
  const routes = matched.map((route: unknown) => member(route, 'path'));
  for (const path of paths) if (routes.some((route) => isSamePath(route, path))) noteRoute(path);
}
