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
import { METHODS, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { errorResponseFor, PortalError } from '../errors.js';
import { compressAnswers } from './compression.js';
import type { ResponseLog } from './response-log.js';
import { clientAddress, type TrustedProxies } from './client-address.js';
import type { HttpServer } from './http.js';
import type { Log } from './log.js';
import { sendLostPage, wantsPage } from './lost-page.js';
import type { OriginCheck } from './origin-check.js';
import {
  errorBody,
  requestErrorOf,
  lengthErrorOf,
  respondWithError,
  sendUnreadable,
} from './request-error.js';

export interface FastifyOptions {
  readonly http: HttpServer;
  /** True when it has answered the request itself. */
  readonly healthHandler: (request: IncomingMessage, response: ServerResponse) => boolean;
  readonly originCheck: OriginCheck;
  readonly proxies: TrustedProxies;
  readonly log: Log;
  /** For everything that unauthenticated clients can cause. */
  readonly responseLog: ResponseLog;
}

/** No request of this API has a body worth more. */
const MOST_BODY_BYTES = 64 * 1024;

/** An API serves no pages: nothing may be loaded, framed or guessed from what it responseLog. */
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

/** Fastify behind `healthHandler` on `http`, without a route. */
export function createFastify({
  http,
  healthHandler,
  originCheck,
  proxies,
  log,
  responseLog,
}: FastifyOptions): FastifyInstance {
  const app = Fastify({
    serverFactory(handler): Server {
      http.onRequest((request, response) => {
        // Read now, it is known for as long as the request is, also once the client has gone.
        void request.socket.remoteAddress;
        const first = requestErrorOf(request) ?? originCheck.requestErrorOf(request);
        if (first) return respondWithError(response, first, responseLog);
        originCheck.stripBasePath(request);
        proxies.tidy(request);
        if (healthHandler(request, response)) return;
        const second = lengthErrorOf(request);
        if (second) respondWithError(response, second, responseLog);
        else handler(request, response);
      });
      return http.server;
    },
    // The log is written below, by us, field by field.
    logger: false,
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    trustProxy: proxies.some ? proxies.isTrusted : false,
    bodyLimit: MOST_BODY_BYTES,
    // On a machine that is busy for ten seconds the service starts late, and not at all by default.
    pluginTimeout: 0,
    exposeHeadRoutes: false,
    // Every accepted request is answered: `http` stops gently.
    return503OnClosing: false,
    routerOptions: { ignoreTrailingSlash: true, ignoreDuplicateSlashes: true },
    frameworkErrors(error, request, reply) {
      void sendError(error, request, reply);
    },
    clientErrorHandler: (error, socket) =>
      sendUnreadable(error, socket, { isAnswering: http.isResponding(socket), log: responseLog }),
  } satisfies FastifyServerOptions);

  knowAllMethods(app);

  function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const answer = errorResponseFor(error);
    if (error instanceof PortalError && error.cause !== undefined) {
      const { cause } = error;
      responseLog.seldom('a request could not be served now', () =>
        log.failure('a request could not be served now', cause, { correlation_id: request.id }),
      );
    } else if (answer.status >= 500) {
      responseLog.seldom('a request ended in an error', () =>
        log.bug('a request ended in an error', error, {
          correlation_id: request.id,
          route: routeOf(request),
        }),
      );
    }
    if (!reply.hasHeader('Cache-Control')) reply.header('Cache-Control', 'no-store');
    // Whatever it is that cannot be done now, its probe looks every few seconds.
    if (answer.status === 503 && !reply.hasHeader('Retry-After')) reply.header('Retry-After', '1');
    return (
      reply
        .code(answer.status)
        .headers({ 'X-Correlation-Id': request.id, 'Content-Type': 'application/json' })
        // As bytes, because the framework would add a charset to the type of a text.
        .send(Buffer.from(errorBody(answer, request.id)))
    );
  }

  acceptJsonOnly(app);
  app.decorateRequest('user', null);
  app.decorate('site', originCheck);
  app.register(helmet, SECURITY_HEADERS);
  compressAnswers(app);
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('X-Correlation-Id', request.id);
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    const line = {
      correlation_id: request.id,
      method: request.method,
      route: routeOf(request),
      client: clientAddress(request.ip),
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime * 10) / 10,
    };
    responseLog.log(line, request.user !== null);
    done();
  });
  app.setErrorHandler((error: FastifyError, request, reply) => sendError(error, request, reply));
  app.setNotFoundHandler((request, reply) => {
    if (wantsPage(request)) return sendLostPage(reply, app.site.basePath);
    return sendError(new PortalError('notFound'), request, reply);
  });
  return app;
}

/** So that each is answered by a rule of ours. */
function knowAllMethods(app: FastifyInstance): void {
  for (const method of METHODS) {
    // The one that is no request for a resource, and that `node:http` does not pass on.
    if (method !== 'CONNECT' && !app.supportedMethods.includes(method)) app.addHttpMethod(method);
  }
}

/** The route as we wrote it; never the URL as the client did. */
function routeOf(request: FastifyRequest): string {
  return request.routeOptions.url ?? 'none';
}

/** An empty body is none, whatever its type. */
function acceptJsonOnly(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body.length === 0) done(null, undefined);
    else void parseJson(request, String(body), done);
  });
}
