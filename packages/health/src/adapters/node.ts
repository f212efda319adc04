/**
 * The health endpoints on a plain `node:http` server, in front of whatever framework it carries: no session, rate limit,
 * body parser or load shedding lies before them.
 */
import type { IncomingMessage } from 'node:http';
import { createEndpoints, type EndpointOptions } from '../http/endpoints.js';
import type { Health } from '../health-type.js';
import { handlerOf, type HealthHandler, type NodeRequest } from '../http/node-handler.js';

export type { EndpointOptions, EndpointPaths } from '../http/endpoints.js';
export {
  handleSignals,
  shutDown,
  type ShutdownOptions,
  type SignalHandling,
  type SignalOptions,
  type StoppableServer,
} from '../shutdown.js';

export type { HealthHandler, NodeRequest, NodeResponse } from '../http/node-handler.js';

/**
 * Makes the endpoints of `health` for a `node:http` server, and for `node:http2` with its compatibility API.
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http';
 * import { createHealth } from 'portal-health';
 * import { createHealthHandler } from 'portal-health/node';
 *
 * const health = createHealth({});
 * await health.start();
 * const handler = createHealthHandler(health);
 * createServer((request, response) => {
 *   if (!handler(request, response)) response.end('your application');
 * }).listen(8080);
 * ```
 * @throws TypeError when a path does not begin with a slash, or an option cannot be used
 */
export function createHealthHandler<Request extends NodeRequest = IncomingMessage>(
  health: Health,
  options: EndpointOptions<Request> = {},
): HealthHandler<Request> {
  return handlerOf(createEndpoints(health, options));
}
