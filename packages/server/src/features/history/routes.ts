/**
 * `GET /v1/admin/history`: what was measured, in steps; and `GET /v1/admin/events`: what happened, the latest first.
 */
import type { FastifyPluginCallback, FastifyReply, onRequestAsyncHookHandler } from 'fastify';
import { addAdminReading } from '../../platform/admin-reading.js';
import type { History } from '../../monitoring/history/history.js';
import {
  planOf,
  rangeOf,
  timeIn,
  wholeNumberIn,
  type Query,
} from '../../monitoring/history/history-query.js';

/** What the routes need of others. */
export interface HistoryRoutesOptions {
  readonly history: Pick<History, 'read' | 'events'>;
  /** Milliseconds between two looks of the service. */
  readonly intervalMs: number;
  /** Milliseconds without a look after which nobody has looked. */
  readonly gapMs: number;
  /** Lets administrators pass, also while the database is away. */
  readonly requireAdmin: onRequestAsyncHookHandler;
}

/** Looks come a tenth early or late, so a step must be longer than the time between two of them to have one in it. */
const STEP_INTERVALS = 1.5;
const DEFAULT_EVENTS = 50;
const MOST_EVENTS = 200;

export const historyRoutes: FastifyPluginCallback<HistoryRoutesOptions> = (
  app,
  { history, intervalMs, gapMs, requireAdmin },
  done,
) => {
  addAdminReading(app, {
    url: '/v1/admin/history',
    requireAdmin,
    async read({ query }, reply) {
      const nowMs = Date.now();
      const plan = planOf(query as Query, nowMs, intervalMs * STEP_INTERVALS);
      const { from, to, step_seconds, ...columns } = await history.read(plan, rangeOf(query as Query, nowMs));
      return send(reply, { from, to, step_seconds, gap_seconds: gapMs / 1_000, ...columns });
    },
  });
  addAdminReading(app, {
    url: '/v1/admin/events',
    requireAdmin,
    async read(request, reply) {
      const query = request.query as Query;
      return send(
        reply,
        await history.events({
          fromMs: timeIn(query, 'from'),
          toMs: timeIn(query, 'to'),
          before: wholeNumberIn(query, 'before', 1, Number.MAX_SAFE_INTEGER),
          limit: wholeNumberIn(query, 'limit', 1, MOST_EVENTS) ?? DEFAULT_EVENTS,
        }),
      );
    },
  });
  done();
};

/** As bytes, because the framework would add a charset to the type of a text. */
function send(reply: FastifyReply, document: object): FastifyReply {
  return reply.header('Content-Type', 'application/json').send(Buffer.from(JSON.stringify(document)));
}
