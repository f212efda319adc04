/**
 * `GET /v1/admin/health`: the administrator's report. The public one is answered before the framework is asked.
 */
import type { FastifyPluginCallback, onRequestAsyncHookHandler } from 'fastify';
import type { IncomingMessage } from 'node:http';
import { respond, type Health } from 'portal-health';
import { addAdminReading } from '../../platform/admin-reading.js';
import { readerOf } from '../../auth/current-user.js';

/** What the route needs of others. */
export interface HealthRoutesOptions {
  readonly health: Health;
  /** Lets administrators pass, also while the database is away. */
  readonly requireAdmin: onRequestAsyncHookHandler;
}

export const healthRoutes: FastifyPluginCallback<HealthRoutesOptions> = (
  app,
  { health, requireAdmin },
  done,
) => {
  addAdminReading(app, {
    url: '/v1/admin/health',
    requireAdmin,
    async read(request, reply) {
      await health.caughtUp();
      const { status, headers, body } = respond(
        health,
        {
          door: 'health',
          method: request.method,
          accept: request.headers.accept,
          byMachine: readerOf(request).isMachine === true,
        },
        'admin',
      );
      // As bytes, because the framework would add a charset to the type of a text.
      return reply.code(status).headers(headers).send(Buffer.from(body));
    },
  });
  app.route({
    method: ['GET', 'HEAD'],
    url: '/metrics',
    async handler(request, reply) {
      // Always 200: a scrape that fails tells Prometheus nothing. Who may not see all of it sees what everybody sees.
      const isAdmitted = await requireAdmin.call(app, request, reply).then(
        () => true,
        () => false,
      );
      const { status, headers, body } = respond(
        health,
        { door: 'metrics', method: request.method, accept: request.headers.accept },
        isAdmitted ? 'admin' : 'public',
      );
      reply.removeHeader('Retry-After').headers(headers);
      return reply
        .code(status)
        .headers({ 'Cache-Control': 'private, no-store', Vary: 'Accept, Cookie, Authorization' })
        .send(Buffer.from(body));
    },
  });
  done();
};

/**
 * Whether somebody shows who they are to see all of the metrics. Everybody else is answered before the framework is asked.
 */
export function isReaderOfMetrics({ method, url = '', headers }: IncomingMessage): boolean {
  if (headers.authorization === undefined && headers.cookie === undefined) return false;
  return (method === 'GET' || method === 'HEAD') && /^\/+metrics\/*(\?|$)/.test(url);
}
