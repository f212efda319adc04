/**
 * Stands in front of routes and lets in who may pass. Every session that cannot pass for whatever reason gets the same
 * answer: what is wrong with it is nobody's business.
 */
import type { FastifyReply, FastifyRequest, onRequestAsyncHookHandler } from 'fastify';
import { PortalError } from '../../errors.js';
import { ADMIN } from '../../permission.js';
import { clientAddress } from '../../platform/client-address.js';
import type { Log } from '../../platform/log.js';
import { allowedBy, type RateLimit } from '../../platform/rate-limit.js';
import type { Reader } from '../../platform/reader.js';
import { tokenInCookies } from './cookie.js';
import type { Sessions, Verified } from './sessions.js';
import { suffixOf } from './token.js';

/** How far a guard goes. */
export interface GuardOptions {
  /** Whether somebody who was in lately stays in while neither store answers. */
  readonly fromMemory: boolean;
  /** Whether what is behind it is the administrators' document, whose first reading is told. */
  readonly isDocument?: boolean;
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
  readonly witness: Witness;
}

/** Is told of what the guard sees. */
export interface Witness {
  /** Somebody who showed an unknown session, or one whose user may not pass. */
  refused(refusal: { reason: 'session' | 'permission'; address: string; userName?: string }): void;
  /** A session that got to the administrators' document. */
  read(reader: Reader, address: string): void;
}

/** Makes `onRequest` hooks, which also put on the request who asks. */
export interface Guard {
  /** Lets administrators and owners pass. */
  readonly requireAdmin: (options: GuardOptions) => onRequestAsyncHookHandler;
  /** Lets everybody pass who is signed in. */
  readonly requireUser: (options: GuardOptions) => onRequestAsyncHookHandler;
  /**
   * Counts a stranger whom no hook of this guard has seen.
   *
   * @throws PortalError when it comes too often
   */
  countStranger(request: FastifyRequest, reply: FastifyReply): Promise<void>;
}

/** A guard that knows `sessions`. */
export function createGuard({ sessions, limits, log, witness }: GuardParts): Guard {
  async function admit(request: FastifyRequest, reply: FastifyReply, options: GuardOptions): Promise<Reader> {
    const token = tokenInCookies(request.headers.cookie);
    const verified = token === undefined ? undefined : await sessions.find(token, options);
    if (token === undefined || !verified) {
      // Whoever shows nothing is a visitor, and asks whether there is a session.
      if (token !== undefined) witness.refused({ reason: 'session', address: clientAddress(request.ip) });
      await countStranger(request, reply);
      throw new PortalError('authenticationRequired');
    }
    const { session } = verified;
    allowedBy(await limits.sessions.count(String(session.id)), reply);
    const reader = {
      sessionId: session.id,
      userId: session.userId,
      userName: session.userName,
      permission: session.permission,
      tokenSuffix: suffixOf(token),
      expiresAtMs: session.expiresAtMs,
    };
    request.reader = reader;
    if (verified.source === 'memory') admitFromMemory(request, reply, verified);
    return reader;
  }

  async function countStranger(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    allowedBy(await limits.refused.count(clientAddress(request.ip)), reply);
  }

  function admitFromMemory(request: FastifyRequest, reply: FastifyReply, { session }: Verified): void {
    reply.header('X-Session-Source', 'memory');
    log.warn('let in from memory, because neither store answers', {
      correlation_id: request.id,
      session: session.id,
      user: session.userId,
    });
  }

  return {
    requireAdmin: (options) => async (request, reply) => {
      const reader = await admit(request, reply, options);
      const address = clientAddress(request.ip);
      if (reader.permission < ADMIN) {
        witness.refused({ reason: 'permission', address, userName: reader.userName });
        throw new PortalError('adminRequired');
      }
      if (options.isDocument) witness.read(reader, address);
    },
    requireUser: (options) => async (request, reply) => {
      await admit(request, reply, options);
    },
    countStranger,
  };
}
