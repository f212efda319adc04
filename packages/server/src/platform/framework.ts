/**
 * Fastify, set up so that every answer it gives is one of ours: our errors in our form, a correlation id on each, and
 * in the log one line for every answer that names neither cookie, nor query, nor anything else a client chose.
 */
import helmet from '@fastify/helmet';
import Fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
} from 'fastify';
import { randomUUID } from 'node:crypto';
import { METHODS, STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { answerTo, PortalError, type ErrorAnswer } from '../errors.js';
import type { HttpServer } from './http.js';
import type { Log } from './log.js';

/** What the framework is put into. */
export interface FrameworkOptions {
  readonly http: HttpServer;
  /** Answers a request itself and says so, before the framework is asked. */
  readonly door: (request: IncomingMessage, response: ServerResponse) => boolean;
  readonly log: Log;
}

/** No request of this API has a body worth more. */
const MOST_BODY_BYTES = 64 * 1024;

/** An API serves no pages: nothing may be loaded, framed or guessed from what it answers. */
const SECURITY_HEADERS = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      frameAncestors: ["'none'"],
      baseUri: ["'none'"],
      formAction: ["'none'"],
    },
  },
  referrerPolicy: { policy: 'no-referrer' },
  xFrameOptions: { action: 'deny' },
  // Whether a name and all below it are to be reached by TLS only is decided where TLS ends.
  strictTransportSecurity: false,
} as const;

/** Puts Fastify behind `door` on `http`, without a route. */
export function createFramework({ http, door, log }: FrameworkOptions): FastifyInstance {
  const app = Fastify({
    serverFactory(handler): Server {
      http.answerWith((request, response) => {
        if (!door(request, response)) handler(request, response);
      });
      return http.server;
    },
    // The log is written below, by us, field by field.
    logger: false,
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    bodyLimit: MOST_BODY_BYTES,
    exposeHeadRoutes: false,
    // Whoever got a connection gets an answer: `http` stops gently.
    return503OnClosing: false,
    routerOptions: { ignoreTrailingSlash: true, ignoreDuplicateSlashes: true },
    frameworkErrors(error, request, reply) {
      void sendError(error, request, reply);
    },
    clientErrorHandler: answerUnreadable,
  } satisfies FastifyServerOptions);

  for (const method of METHODS) {
    // The one that is no request for a resource, and that `node:http` does not pass on.
    if (method !== 'CONNECT' && !app.supportedMethods.includes(method)) app.addHttpMethod(method);
  }

  function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const answer = answerTo(error);
    if (error instanceof PortalError && error.cause !== undefined) {
      log.failure('a request could not be served now', error.cause, { correlation_id: request.id });
    } else if (answer.status >= 500) {
      log.bug('a request ended in an error', error, { correlation_id: request.id, route: routeOf(request) });
    }
    if (!reply.hasHeader('Cache-Control')) reply.header('Cache-Control', 'no-store');
    return (
      reply
        .code(answer.status)
        .headers({ 'X-Correlation-Id': request.id, 'Content-Type': 'application/json' })
        // As bytes, because the framework would add a charset to the type of a text.
        .send(Buffer.from(bodyOf(answer, request.id)))
    );
  }

  // JSON is all that anybody may send. An empty body is none, whatever is said of its type.
  app.removeAllContentTypeParsers();
  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body.length === 0) done(null, undefined);
    else void parseJson(request, String(body), done);
  });
  app.decorateRequest('reader', null);
  app.register(helmet, SECURITY_HEADERS);
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('X-Correlation-Id', request.id);
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    log.info('answered', {
      correlation_id: request.id,
      method: request.method,
      route: routeOf(request),
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime * 10) / 10,
    });
    done();
  });
  app.setErrorHandler((error: FastifyError, request, reply) => sendError(error, request, reply));
  app.setNotFoundHandler((request, reply) => sendError(new PortalError('notFound'), request, reply));
  return app;

  /** Something that is no HTTP, or not in time: there is no request to answer, only a socket. */
  function answerUnreadable(error: Error & { readonly code?: string }, socket: Socket): void {
    if (socket.destroyed || !socket.writable || error.code === 'ECONNRESET') {
      socket.destroy();
      return;
    }
    const id = randomUUID();
    const answer = UNREADABLE[error.code ?? ''] ?? { status: 400, sentence: 'Bad request' };
    log.info('answered', { correlation_id: id, route: 'unreadable', status: answer.status });
    const body = bodyOf(answer, id);
    socket.end(
      [
        `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status]}`,
        'Content-Type: application/json',
        `Content-Length: ${Buffer.byteLength(body)}`,
        'Cache-Control: no-store',
        `X-Correlation-Id: ${id}`,
        'Connection: close',
        '',
        body,
      ].join('\r\n'),
    );
  }
}

const UNREADABLE: Readonly<Record<string, ErrorAnswer>> = {
  HPE_HEADER_OVERFLOW: { status: 431, sentence: 'Request header fields too large' },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, sentence: 'Request timeout' },
};

function bodyOf({ sentence }: ErrorAnswer, correlationId: string): string {
  return JSON.stringify({ error: sentence, correlation_id: correlationId });
}

/** The route as we wrote it; never the URL as the client did. */
function routeOf(request: FastifyRequest): string {
  return request.routeOptions.url ?? 'none';
}
