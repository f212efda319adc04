/**
 * Endpoints behind a request and a response of Node: what its own adapter, Express and Nest have in common.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { headersBeside, type Endpoints } from './endpoints.js';
import type { HealthResponse } from './respond.js';

/** A request of `node:http`, or of `node:http2` with its compatibility API. */
export type NodeRequest = IncomingMessage | Http2ServerRequest;

/** A response of `node:http`, or of `node:http2` with its compatibility API. */
export type NodeResponse = ServerResponse | Http2ServerResponse;

/** Answers the request and returns `true` when it is for a health endpoint; otherwise leaves it alone. */
export type HealthHandler<Request extends NodeRequest = IncomingMessage> = (
  request: Request,
  response: NodeResponse,
) => boolean;

/** Answers what is for one of `endpoints`. */
export function handlerOf<Request extends NodeRequest>(
  endpoints: Endpoints<Request>,
): HealthHandler<Request> {
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
