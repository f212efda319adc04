/**
 * A route that administrators read: `GET` and `HEAD` behind the guard, any other method refused before the body is
 * read, and no answer kept by anybody but the one who asked.
 */
import type {
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  onRequestAsyncHookHandler,
  onRequestHookHandler,
} from 'fastify';
import { PortalError } from '../errors.js';

/** What a reading is made of. */
export interface AdminReading {
  readonly url: string;
  /** Lets administrators pass. */
  readonly requireAdmin: onRequestAsyncHookHandler;
  readonly read: (request: FastifyRequest, reply: FastifyReply) => unknown;
}

const ANSWERED = ['GET', 'HEAD'];

/** Nobody but the one who asked may keep any answer, and no answer is for anybody with another cookie. */
const forOneReaderOnly: onRequestHookHandler = (_request, reply, done) => {
  reply.header('Cache-Control', 'private, no-store').header('Vary', 'Cookie');
  done();
};

/** Before the guard: which methods there are is no secret. */
const refuseMethod: onRequestHookHandler = (_request, reply, done) => {
  reply.header('Allow', ANSWERED.join(', '));
  done(new PortalError('methodNotAllowed'));
};

/** Adds the route to `app`. */
export function addAdminReading(app: FastifyInstance, { url, requireAdmin, read }: AdminReading): void {
  app.route({ method: ANSWERED, url, onRequest: [forOneReaderOnly, requireAdmin], handler: read });
  app.route({
    method: app.supportedMethods.filter((method) => !ANSWERED.includes(method)),
    url,
    onRequest: [forOneReaderOnly, refuseMethod],
    handler: (_request, reply) => reply,
  });
}
