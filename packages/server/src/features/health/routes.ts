/**
 * `GET /v1/admin/health`: the administrator's report. The public one is answered before the framework is asked.
 */
import type { FastifyPluginCallback, onRequestAsyncHookHandler } from 'fastify';
import { respond, type Health } from 'portal-health';
import { addAdminReading } from '../../platform/admin-reading.js';

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
        { door: 'health', method: request.method, accept: request.headers.accept },
        'admin',
      );
      // As bytes, because the framework would add a charset to the type of a text.
      return reply.code(status).headers(headers).send(Buffer.from(body));
    },
  });
  done();
};
