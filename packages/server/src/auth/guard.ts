/**
 * Decides which requests a route handles. Every invalid session gets the same response, which does not say what is wrong.
 *
 * Limits come first: a client over a limit is rejected before a store is asked.
 */
import type { FastifyReply, FastifyRequest, onRequestAsyncHookHandler } from 'fastify';
import { PortalError } from '../errors.js';
import { ADMIN } from './permission.js';
import { clientAddress } from '../infra/client-address.js';
import type { Log } from '../infra/log.js';
import { allowedBy, type RateLimit } from './rate-limit.js';
import type { CurrentUser } from './current-user.js';
import { tokensInCookies } from './cookie.js';
import type { LookupThrottle } from './sessions/lookup-throttle.js';
import type { Verified } from './sessions/lookups.js';
import type { Sessions } from './sessions/sessions.js';
import { bearerOf, suffixOf } from './sessions/token.js';

export interface GuardOptions {
  /** Whether a session that was verified lately still counts while the database is away. Applies to GET and HEAD only. */
  readonly allowFallback: boolean;
  /** Whether the route serves the admin report. The first read in each session is written to the audit log. */
  readonly isDocument?: boolean;
  /** Whether machine tokens are let in; default: no. */
  readonly machines?: boolean;
}

/**
 * Sessions are counted each by itself, unauthenticated clients by their address. A client is counted as unauthenticated only
 * after the look-up. So no client can use up the limit of an administrator at the same address.
 */
export interface RequestLimits {
  readonly sessions: RateLimit;
  readonly rejected: RateLimit;
}

export interface GuardDependencies {
  readonly sessions: Sessions;
  readonly limits: RequestLimits;
  /** For tokens that this process has not seen, from an address over its limit. */
  readonly throttle: LookupThrottle;
  readonly log: Log;
  readonly auditSink: AuditSink;
}

export interface AuditSink {
  /** An unknown session, or one whose user has too little permission. */
  rejected(rejection: { reason: 'session' | 'permission'; address: string; userName?: string }): void;
  /** A session read the admin report. */
  read(user: CurrentUser, address: string): void;
}

/** Makes `onRequest` hooks, which store the signed-in user in `request.user`. */
export interface Guard {
  /** Lets administrators and owners pass. */
  readonly requireAdmin: (options: GuardOptions) => onRequestAsyncHookHandler;
  /** Lets every signed-in user pass. */
  readonly requireUser: (options: GuardOptions) => onRequestAsyncHookHandler;
  /**
   * The sessions behind the cookies, or behind `tokens`. None for an unauthenticated client, which has been counted.
   *
   * @throws PortalError when an unauthenticated client is over its limit, or the look-up is late
   */
  identify(
    request: FastifyRequest,
    reply: FastifyReply,
    options: GuardOptions,
    tokens?: readonly string[],
  ): Promise<readonly Verified[]>;
  /** The token by which a request was let in. */
  tokenOf(request: FastifyRequest): string;
}

const MOST_TOKENS = 4;
const READ_ONLY = new Set(['GET', 'HEAD']);

export function createGuard({ sessions, limits, throttle, log, auditSink }: GuardDependencies): Guard {
  const admitted = new WeakMap<FastifyRequest, string>();

  /** @throws PortalError when no store may be asked on behalf of this address yet */
  async function waitForTurn(address: string, tokens: readonly string[], reply: FastifyReply): Promise<void> {
    const isSeen = tokens.some((token) => sessions.lastSeen(token) !== undefined);
    if (limits.rejected.isOver(address) === undefined || isSeen || sessions.isAway()) return;
    allowedBy(await throttle.pass(address, tokens.length), reply);
  }

  async function countUnauthenticated(address: string, reply: FastifyReply): Promise<void> {
    allowedBy(await limits.rejected.count(address), reply);
  }

  async function reject(address: string, reply: FastifyReply): Promise<void> {
    auditSink.rejected({ reason: 'session', address });
    await countUnauthenticated(address, reply);
  }

  async function identify(
    request: FastifyRequest,
    reply: FastifyReply,
    { allowFallback }: GuardOptions,
    tokens: readonly string[] = tokensOf(request, sessions),
  ): Promise<readonly Verified[]> {
    const address = clientAddress(request.ip);
    if (tokens.length === 0) {
      await countUnauthenticated(address, reply);
      return [];
    }
    await waitForTurn(address, tokens, reply);
    const isReading = READ_ONLY.has(request.method);
    const found = await sessions.find(tokens, { fromFallback: allowFallback && isReading });
    // Not a rejection: the session may exist.
    if (found === 'late') throw new PortalError('unavailable');
    if (found.length === 0) await reject(address, reply);
    return found;
  }

  async function admit(
    request: FastifyRequest,
    reply: FastifyReply,
    options: GuardOptions,
  ): Promise<CurrentUser> {
    const bearer = bearerOf(request.raw);
    const cookies = tokensOf(request, sessions);
    if (bearer !== undefined && cookies.length > 0) {
      // It is ambiguous whether the person or the machine is meant.
      await reject(clientAddress(request.ip), reply);
      throw new PortalError('authenticationRequired');
    }
    const tokens = bearer === undefined ? cookies : [bearer];
    assertWithinLimit(tokens, reply);
    const [verified, ...others] = await identify(request, reply, options, tokens);
    // Of two sessions, another site of the domain may have set one, and it cannot be found out which.
    if (others.length > 0) await reject(clientAddress(request.ip), reply);
    if (!verified || others.length > 0) throw new PortalError('authenticationRequired');
    const { session, token, source } = verified;
    allowedBy(await limits.sessions.count(String(session.id)), reply);
    if (source === 'database') sessions.used(session.id);
    const user = currentUserOf(verified);
    if (user.isMachine && !options.machines) throw forbidden(user, request);
    request.user = user;
    admitted.set(request, token);
    if (source === 'memory') markAsFromFallback({ request, reply, log }, verified);
    return user;
  }

  function forbidden({ userName }: CurrentUser, request: FastifyRequest): PortalError {
    auditSink.rejected({ reason: 'permission', address: clientAddress(request.ip), userName });
    return new PortalError('adminRequired');
  }

  function assertWithinLimit(tokens: readonly string[], reply: FastifyReply): void {
    for (const token of tokens) {
      const id = sessions.lastSeen(token);
      if (id !== undefined) allowedBy(limits.sessions.isOver(String(id)), reply);
    }
  }

  return {
    requireAdmin: (options) => async (request, reply) => {
      const user = await admit(request, reply, options);
      if (user.permission < ADMIN) throw forbidden(user, request);
      if (options.isDocument || user.isMachine) auditSink.read(user, clientAddress(request.ip));
    },
    requireUser: (options) => async (request, reply) => {
      await admit(request, reply, options);
    },
    identify,
    tokenOf(request) {
      const token = admitted.get(request);
      if (token === undefined)
        throw new Error('A route that needs to know the session stands behind no guard.');
      return token;
    },
  };
}

/** Of more cookies of that name those that were seen before, then the first. */
function tokensOf({ headers }: FastifyRequest, sessions: Sessions): string[] {
  const tokens = tokensInCookies(headers.cookie);
  if (tokens.length <= MOST_TOKENS) return tokens;
  const isNew = (token: string): number => Number(sessions.lastSeen(token) === undefined);
  return tokens.toSorted((one, other) => isNew(one) - isNew(other)).slice(0, MOST_TOKENS);
}

interface AdmittedRequest {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly log: Log;
}

/** The client sees it in a header, the operator in the log. */
function markAsFromFallback({ request, reply, log }: AdmittedRequest, { session }: Verified): void {
  reply.header('X-Session-Source', 'memory');
  log.warn('let in from memory, because the database is away', {
    correlation_id: request.id,
    session: session.id,
    user: session.userId,
  });
}

function currentUserOf({ session, token }: Verified): CurrentUser {
  return {
    sessionId: session.id,
    userId: session.userId,
    userName: session.userName,
    permission: session.permission,
    tokenSuffix: suffixOf(token),
    expiresAtMs: session.expiresAtMs,
    isMachine: session.isMachine === true,
  };
}
