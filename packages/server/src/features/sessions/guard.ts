/**
 * Stands in front of routes and lets in who may pass. Every session that cannot pass for whatever reason gets the same
 * answer: what is wrong with it is nobody's business.
 */
import type { FastifyReply, FastifyRequest, onRequestAsyncHookHandler } from 'fastify';
import { PortalError } from '../../errors.js';
import { ADMIN } from '../../permission.js';
import { clientAddress } from '../../platform/client-address.js';
import type { Log } from '../../platform/log.js';
import type { RateLimit } from '../../platform/rate-limit.js';
import { tokenInCookies } from './cookie.js';
import type { Sessions, Verified } from './sessions.js';

/** How far a guard goes. */
export interface GuardOptions {
  /** Whether somebody who was in lately stays in while neither store answers. */
  readonly fromMemory: boolean;
}

/**
 * How often somebody may come. Sessions are counted each for itself and strangers by their address, and a stranger is
 * counted only once it is known to be one: so nobody can use up the limit of an administrator, who in an outage may
 * share an address with many others.
 */
export interface RequestLimits {
  readonly sessions: RateLimit;
  readonly refused: RateLimit;
}

/** What a guard is made of. */
export interface GuardParts {
  readonly sessions: Sessions;
  readonly limits: RequestLimits;
  readonly log: Log;
}

/** Makes an `onRequest` hook that lets administrators and owners pass. */
export type RequireAdmin = (options: GuardOptions) => onRequestAsyncHookHandler;

/** A guard that knows `sessions`. */
export function createRequireAdmin({ sessions, limits, log }: GuardParts): RequireAdmin {
  return (options) => async (request, reply) => {
    const verified = await verify(request, options);
    if (!verified) {
      allow(limits.refused.count(clientAddress(request.ip)), reply);
      throw new PortalError('authenticationRequired');
    }
    allow(limits.sessions.count(String(verified.session.id)), reply);
    if (verified.session.permission < ADMIN) throw new PortalError('adminRequired');
    if (verified.source === 'memory') admitFromMemory(request, reply, verified);
  };

  function allow(waitMs: number | undefined, reply: FastifyReply): void {
    if (waitMs === undefined) return;
    reply.header('Retry-After', String(Math.ceil(waitMs / 1_000)));
    throw new PortalError('tooManyRequests');
  }

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
