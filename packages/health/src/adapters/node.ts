/**
 * The health doors on a plain `node:http` server, in front of whatever framework it carries: no session, rate limit,
 * body parser or load shedding lies before them.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { createEndpoints, headersBeside, type EndpointOptions } from '../http/endpoints.js';
import type { Health } from '../health-type.js';
import type { HealthResponse } from '../http/respond.js';

export type { EndpointOptions, EndpointPaths } from '../http/endpoints.js';
export {
  handleSignals,
  shutDown,
  type ShutdownOptions,
  type SignalHandling,
  type SignalOptions,
  type StoppableServer,
} from '../shutdown.js';

/** A request of `node:http`, or of `node:http2` with its compatibility API. */
export type NodeRequest = IncomingMessage | Http2ServerRequest;

/** A response of `node:http`, or of `node:http2` with its compatibility API. */
export type NodeResponse = ServerResponse | Http2ServerResponse;

/** Answers the request and returns `true` when it is for a health endpoint; otherwise leaves it alone. */
export type HealthHandler<Request extends NodeRequest = IncomingMessage> = (
  request: Request,
  response: NodeResponse,
) => boolean;

/**
 * Makes the doors of `health` for a `node:http` server, and for `node:http2` with its compatibility API.
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
  const endpoints = createEndpoints(health, options);
  const send = createSender();
  return (request, response) => {
    const { method = 'GET', url = '/', headers } = request;
    const match = endpoints.match(method, url, headers.accept);
    if (match === undefined) return false;
    if (response.socket === null && floodsWithoutReading(request, response)) return true;
    const answer = endpoints.respond(match, request);
    if (answer instanceof Promise) void answer.then((late) => send(response, late));
    else send(response, answer);
    return true;
  };
}

/**
 * Answers of one connection that may wait until those before them are read. Node hands on all requests of a read, some
 * 1,500, before it notices that nobody reads; no browser and no balancer asks again before it has the answer.
 */
const MOST_WAITING = 16;
const waiting = new WeakMap<object, number>();

/** Ends a connection on which too many answers wait; true when there is nobody to answer any more. */
function floodsWithoutReading({ socket }: NodeRequest, response: NodeResponse): boolean {
  // What is left of a read after its connection has been ended.
  if (socket.destroyed) return true;
  const count = (waiting.get(socket) ?? 0) + 1;
  if (count === MOST_WAITING) {
    socket.destroy();
    return true;
  }
  waiting.set(socket, count);
  response.on('finish', () => waiting.set(socket, (waiting.get(socket) ?? 1) - 1));
  return false;
}

/** Sends answers, nearly every one of which is the very one that was sent before. */
function createSender(): (response: NodeResponse, answer: HealthResponse) => void {
  let last: HealthResponse | undefined;
  let encoding: 'latin1' | 'utf8' = 'utf8';
  return (response, answer) => {
    // While a viewer was asked, the client may have gone, or a timeout of the application's may have answered.
    if (response.headersSent || response.destroyed) return;
    const { status, headers, body } = answer;
    if (answer !== last) {
      last = answer;
      // As many bytes as characters: it is ASCII, as nearly always, and need not be encoded.
      encoding = Number(headers['Content-Length']) === body.length ? 'latin1' : 'utf8';
    }
    response.writeHead(status, headersBeside(answer, response.getHeader('vary')));
    response.end(body, encoding);
  };
}
