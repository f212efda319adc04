/**
 * Stands in front of routes and lets in who may pass. Every session that cannot pass for whatever reason gets the same
 * answer: what is wrong with it is nobody's business.
 */
import type { FastifyReply, FastifyRequest, onRequestAsyncHookHandler } from 'fastify';
import { PortalError } from '../../errors.js';
import { ADMIN } from '../../permission.js';
import type { Log } from '../../platform/log.js';
import { tokenInCookies } from './cookie.js';
import type { Sessions, Verified } from './sessions.js';

/** How far a guard goes. */
export interface GuardOptions {
  /** Whether somebody who was in lately stays in while neither store answers. */
  readonly fromMemory: boolean;
}

/** Makes an `onRequest` hook that lets administrators and owners pass. */
export type RequireAdmin = (options: GuardOptions) => onRequestAsyncHookHandler;

/** A guard that knows `sessions`. */
export function createRequireAdmin({ sessions, log }: { sessions: Sessions; log: Log }): RequireAdmin {
  return (options) => async (request, reply) => {
    const verified = await verify(request, options);
    if (!verified) throw new PortalError('authenticationRequired');
    if (verified.session.permission < ADMIN) throw new PortalError('adminRequired');
    if (verified.source === 'memory') admitFromMemory(request, reply, verified);
  };

  async function verify(request: FastifyRequest, options: GuardOptions): Promise<Verified | undefined> {
    const token = tokenInCookies(request.headers.cookie);
    return token === undefined ? undefined : sessions.find(token, options);
  }

  function admitFromMemory(request: FastifyRequest, reply: FastifyReply, { session }: Verified): void {
    reply.header('X-Session-Source', 'memory');
    log.warn('let in from memory, because neither store answers', {
      correlation_id: request.id,
      session: session.id,
      user: session.userId,
    });
  }
}
