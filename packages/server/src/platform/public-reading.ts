/**
 * A route that anybody reads: `GET` and `HEAD`, any other method refused before the body is read.
 */
import type { FastifyInstance } from 'fastify';
import { refuseOtherMethods } from './methods.js';

/** What a reading is made of. */
export interface PublicReading {
  readonly url: string;
  readonly read: () => object;
}

const ANSWERED = ['GET', 'HEAD'];

/** Adds the route to `app`. */
export function addPublicReading(app: FastifyInstance, { url, read }: PublicReading): void {
  app.route({
    method: ANSWERED,
    url,
    handler: (_request, reply) => reply.header('Cache-Control', 'no-store').send(read()),
  });
  refuseOtherMethods(app, { url, answered: ANSWERED });
}
