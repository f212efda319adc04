/**
 * Which methods a path answers; every other one is refused before the body is read.
 */
import type { FastifyInstance, onRequestHookHandler } from 'fastify';
import { PortalError } from '../errors.js';

/** What is refused, and what comes first. */
export interface OtherMethods {
  readonly url: string;
  readonly answered: readonly string[];
  readonly before?: readonly onRequestHookHandler[];
}

/** Adds to `app` that `url` answers no method but `answered`. */
export function refuseOtherMethods(app: FastifyInstance, { url, answered, before = [] }: OtherMethods): void {
  const refuse: onRequestHookHandler = (_request, reply, done) => {
    reply.header('Allow', answered.join(', '));
    done(new PortalError('methodNotAllowed'));
  };
  app.route({
    method: app.supportedMethods.filter((method) => !answered.includes(method)),
    url,
    onRequest: [...before, refuse],
    handler: (_request, reply) => reply,
  });
}

/** Nobody but the one who asked may keep any answer, and no answer is for anybody with another cookie or token. */
export const forOneReaderOnly: onRequestHookHandler = (_request, reply, done) => {
  reply.header('Cache-Control', 'private, no-store').header('Vary', 'Cookie, Authorization');
  done();
};
