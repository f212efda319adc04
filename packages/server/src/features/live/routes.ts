/**
 * `GET /v1/admin/live`: everything of the administrator's page, as it becomes known, for as long as the session lasts;
 * and `GET /v1/status`: how things stand, for anybody, in seven fields.
 */
import type { FastifyPluginCallback, FastifyRequest, onRequestAsyncHookHandler } from 'fastify';
import { PortalError } from '../../errors.js';
import { addAdminReading } from '../../platform/admin-reading.js';
import { addPublicReading } from '../../platform/public-reading.js';
import { readerOf } from '../../auth/current-user.js';
import type { LivePages } from '../../monitoring/live/pages.js';
import type { Standing } from '../../monitoring/live/status-tracker.js';

/** What the routes need of others. */
export interface LiveRoutesOptions {
  readonly pages: LivePages;
  readonly standing: Standing;
  /** Lets administrators pass, also while the database is away. */
  readonly requireAdmin: onRequestAsyncHookHandler;
  /** Whether whoever asks for a one-time code is sent one: the page offers to ask only then. */
  readonly areCodesDelivered: boolean;
  /** Calls `onGone` when the session of the request has ended; gives how to stop that. */
  readonly watchSession: (request: FastifyRequest, onGone: () => void) => () => void;
}

/** When a page that was closed elsewhere has been noticed to be. */
const COME_AGAIN_S = 5;
const STREAM = {
  'Content-Type': 'text/event-stream',
  // nginx would otherwise wait for a buffer to be full.
  'X-Accel-Buffering': 'no',
};

export const liveRoutes: FastifyPluginCallback<LiveRoutesOptions> = (
  app,
  { pages, standing, requireAdmin, areCodesDelivered, watchSession },
  done,
) => {
  addAdminReading(app, {
    url: '/v1/admin/live',
    requireAdmin,
    read(request, reply) {
      if (request.method === 'HEAD') return reply.headers(STREAM).send();
      const { sessionId } = readerOf(request);
      if (!pages.hasRoomFor(sessionId)) {
        reply.header('Retry-After', String(COME_AGAIN_S));
        throw new PortalError('tooManyRequests');
      }
      reply.hijack();
      const response = reply.raw;
      for (const [name, value] of Object.entries(reply.getHeaders())) {
        if (value !== undefined) response.setHeader(name, value);
      }
      response.writeHead(200, STREAM);
      const page = pages.open(response, sessionId);
      const stopWatching = watchSession(request, () => page.gone());
      response.once('close', stopWatching);
      return reply;
    },
  });
  addPublicReading(app, {
    url: '/v1/status',
    read: () => ({ ...standing.publicStatus(), codes_delivered: areCodesDelivered }),
  });
  done();
};
