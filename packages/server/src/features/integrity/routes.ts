/**
 * `GET /v1/admin/integrity`: what the source was at the start, is on disk and should be, with the names of the files
 * that differ; and `GET /v1/admin/integrity/loaded`: what is in memory. Never on a public door.
 */
import type { FastifyPluginCallback, onRequestAsyncHookHandler } from 'fastify';
import type { Source } from 'portal-integrity';
import { addAdminReading } from '../../platform/admin-reading.js';

/** What the routes need of others. */
export interface IntegrityRoutesOptions {
  readonly source: Pick<Source, 'state' | 'inspect'>;
  readonly requireAdmin: onRequestAsyncHookHandler;
}

export const integrityRoutes: FastifyPluginCallback<IntegrityRoutesOptions> = (
  app,
  { source, requireAdmin },
  done,
) => {
  addAdminReading(app, { url: '/v1/admin/integrity', requireAdmin, read: () => source.state() });
  addAdminReading(app, { url: '/v1/admin/integrity/loaded', requireAdmin, read: () => source.inspect() });
  done();
};
