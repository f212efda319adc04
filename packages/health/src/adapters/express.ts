/**
 * The health endpoints as middleware of Express 4 and 5, and of everything else that calls `(request, response, next)`.
 */
import type { IncomingMessage } from 'node:http';
import type { EndpointOptions } from '../http/endpoints.js';
import type { Health } from '../health-type.js';
import { createEndpoints, type Endpoints } from '../http/endpoints.js';
import { handlerOf, type NodeResponse } from '../http/node-handler.js';
import { atFirstRequests } from '../http/taken-paths.js';
import { member } from '../unknown.js';
import { hasExpressRoute } from './express-routes.js';

export type { EndpointOptions, EndpointPaths } from '../http/endpoints.js';
export {
  handleSignals,
  shutDown,
  type ShutdownOptions,
  type SignalHandling,
  type SignalOptions,
  type StoppableServer,
} from '../shutdown.js';

/** Middleware in the words of Express; what is for no endpoint is passed on. */
export type HealthMiddleware<Request extends IncomingMessage = IncomingMessage> = (
  request: Request,
  response: NodeResponse,
  next: (error?: unknown) => void,
) => void;

/**
 * Makes middleware that answers the endpoints of `health`. Use it first, so that nothing stands before it; used at a path,
 * the endpoints are below that path.
 *
 * @example
 * ```ts
 * import express from 'express';
 * import { createHealth } from 'portal-health';
 * import { healthMiddleware } from 'portal-health/express';
 *
 * const health = createHealth({});
 * await health.start();
 * const app = express();
 * app.use(healthMiddleware(health)); // or app.use('/internal', healthMiddleware(health))
 * ```
 * @throws TypeError when a path does not begin with a slash, or an option cannot be used
 */
export function healthMiddleware<Request extends IncomingMessage = IncomingMessage>(
  health: Health,
  options: EndpointOptions<Request> = {},
): HealthMiddleware<Request> {
  const endpoints = createEndpoints(health, options);
  const handler = handlerOf(endpoints);
  const lookForRoutes = atFirstRequests((request: Request) =>
    noteExpressRoutes(endpoints, request, middleware),
  );

  function middleware(request: Request, response: NodeResponse, next: (error?: unknown) => void): void {
    lookForRoutes(request);
    // Express takes the mount path off `url`, and keeps the whole in `originalUrl`, which is not ours to look at.
    if (!handler(request, response)) next();
  }
  return middleware;
}

function noteExpressRoutes(
  { paths, noteRoute }: Pick<Endpoints<never>, 'paths' | 'noteRoute'>,
  request: IncomingMessage,
  own: unknown,
): void {
  const mounted = member(request, 'baseUrl');
  const base = typeof mounted === 'string' ? mounted : '';
  for (const path of paths) {
    if (hasExpressRoute(member(request, 'app'), base + path, own)) noteRoute(path);
  }
}
