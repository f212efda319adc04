/**
 * A route that somebody who is signed in reads: `GET` and `HEAD` behind a guard, any other method refused before the
 * body is read, and no answer kept by anybody but the one who asked.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestAsyncHookHandler } from 'fastify';
import { forOneReaderOnly, refuseOtherMethods } from './methods.js';

type Read = (request: FastifyRequest, reply: FastifyReply) => unknown;

/** What a reading is made of. */
export interface AdminReading {
  readonly url: string;
  /** Lets administrators pass. */
  readonly requireAdmin: onRequestAsyncHookHandler;
  readonly read: Read;
}

/** The same for whoever is signed in. */
export interface UserReading {
  readonly url: string;
  /** Lets everybody pass who is signed in. */
  readonly requireUser: onRequestAsyncHookHandler;
  readonly read: Read;
}

const ANSWERED = ['GET', 'HEAD'];

/** Adds the route to `app`. */
export function addAdminReading(app: FastifyInstance, { url, requireAdmin, read }: AdminReading): void {
  addReading(app, url, requireAdmin, read);
}

/** Adds the route to `app`. */
export function addUserReading(app: FastifyInstance, { url, requireUser, read }: UserReading): void {
  addReading(app, url, requireUser, read);
}

/** Which methods there are is no secret, so that is told before the guard. */
function addReading(app: FastifyInstance, url: string, guard: onRequestAsyncHookHandler, read: Read): void {
  app.route({ method: ANSWERED, url, onRequest: [forOneReaderOnly, guard], handler: read });
  refuseOtherMethods(app, { url, answered: ANSWERED, before: [forOneReaderOnly] });
}
