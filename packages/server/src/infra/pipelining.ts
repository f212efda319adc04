/**
 * One request of a connection at a time. Node hands on all that one read has brought, some 1,500 requests, before it
 * notices that nobody reads the answers; so what comes before the answer under way was taken waits here, in bounded
 * number, and whoever sends more is cut off. No browser sends a request before it has the answer to the one before.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Connection, Connections } from './connections.js';

/** Answers a request. */
export type RequestListener = (request: IncomingMessage, response: ServerResponse) => void;

/** Requests of one connection that are not answered, with the one under way. */
const MOST_UNANSWERED = 16;

/** `listener`, asked for one request of a connection at a time. `onCut` is told of every connection that sent too many. */
export function withoutPipelining(
  connections: Connections,
  listener: RequestListener,
  onCut: () => void,
): RequestListener {
  let answers = 0;

  function begin(connection: Connection, request: IncomingMessage, response: ServerResponse): void {
    connection.current = response;
    response.on('finish', finished);
    listener(request, response);
  }

  /** The whole answer has been handed over to the system. */
  function finished(this: ServerResponse): void {
    const connection = connections.of(this.req.socket);
    if (!connection) return;
    connection.current = undefined;
    connection.responses += 1;
    connection.lastResponse = answers += 1;
    const next = connection.waiting.shift();
    // Of a connection that ends with the answer before, Node sends no more.
    if (next && next.response.socket !== null) begin(connection, next.request, next.response);
  }

  return (request, response) => {
    const { socket } = request;
    const connection = connections.of(socket);
    // What is left of a read after the connection has been cut off.
    if (!connection || socket.destroyed) return;
    if (!connection.hasRequested) connections.noteRequest(connection);
    if (connection.current === undefined) begin(connection, request, response);
    else if (connection.waiting.length + 1 < MOST_UNANSWERED) connection.waiting.push({ request, response });
    else {
      socket.destroy();
      onCut();
    }
  };
}
