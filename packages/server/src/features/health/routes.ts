/**
 * `GET /v1/admin/health`: the administrator's report. The public one is answered before the framework is asked.
 */
import type { FastifyPluginCallback, onRequestAsyncHookHandler, onRequestHookHandler } from 'fastify';
import { respond, type Health } from 'portal-health';
import { PortalError } from '../../errors.js';

/** What the route needs of others. */
export interface HealthRoutesOptions {
  readonly health: Health;
  /** Lets administrators pass, also while neither store answers. */
  readonly requireAdmin: onRequestAsyncHookHandler;
}

const URL = '/v1/admin/health';
const ANSWERED = ['GET', 'HEAD'];

/** Nobody but the one who asked may keep any answer, and no answer is for anybody with another cookie. */
const forOneReaderOnly: onRequestHookHandler = (_request, reply, done) => {
  reply.header('Cache-Control', 'private, no-store').header('Vary', 'Cookie');
  done();
};

/** Before the body is read and before the guard: which methods there are is no secret. */
const refuseMethod: onRequestHookHandler = (_request, reply, done) => {
  reply.header('Allow', ANSWERED.join(', '));
  done(new PortalError('methodNotAllowed'));
};

export const healthRoutes: FastifyPluginCallback<HealthRoutesOptions> = (
  app,
  { health, requireAdmin },
  done,
) => {
  app.route({
    method: ANSWERED,
    url: URL,
    onRequest: [forOneReaderOnly, requireAdmin],
    handler(request, reply) {
      const { status, headers, body } = respond(
        health,
        { door: 'health', method: request.method, accept: request.headers.accept },
        'admin',
      );
      // As bytes, because the framework would add a charset to the type of a text.
      return reply.code(status).headers(headers).send(Buffer.from(body));
    },
  });
  app.route({
    method: app.supportedMethods.filter((method) => !ANSWERED.includes(method)),
    url: URL,
    onRequest: [forOneReaderOnly, refuseMethod],
    handler: (_request, reply) => reply,
  });
  done();
};
