/**
 * Stands in front of routes and lets in who may pass. Every session that cannot pass for whatever reason gets the same
 * answer: what is wrong with it is nobody's business.
 *
 * Count first, ask afterwards: whoever is over a limit is refused before a store is asked on their behalf.
 */
import type { FastifyReply, FastifyRequest, onRequestAsyncHookHandler } from 'fastify';
import { PortalError } from '../errors.js';
import { ADMIN } from './permission.js';
import { clientAddress } from '../infra/client-address.js';
import type { Log } from '../infra/log.js';
import { allowedBy, type RateLimit } from './rate-limit.js';
import type { CurrentUser } from './current-user.js';
import { bearerOf } from './sessions/bearer.js';
import { tokensInCookies } from './cookie.js';
import type { LookupThrottle } from './sessions/lookup-throttle.js';
import type { Verified } from './sessions/lookups.js';
import type { Sessions } from './sessions/sessions.js';
import { suffixOf } from './sessions/token.js';

/** How far a guard goes. */
export interface GuardOptions {
  /** Whether somebody who was in lately stays in while the database is away; for what is read, never for what is done. */
  readonly allowFallback: boolean;
  /** Whether what is behind it is the administrators' document, whose first reading is told. */
  readonly isDocument?: boolean;
  /** Whether machines may read what is behind it; default: no. */
  readonly machines?: boolean;
}

/**
 * How often somebody may come. Sessions are counted each for itself and strangers by their address, and a stranger is
 * counted only once it is known to be one: so nobody can use up the limit of an administrator, who in an outage may
 * share an address with many others.
 */
export interface RequestLimits {
  readonly sessions: RateLimit;
  readonly rejected: RateLimit;
}

/** What a guard is made of. */
export interface GuardDependencies {
  readonly sessions: Sessions;
  readonly limits: RequestLimits;
  /** For those whose address is over its limit and whom nobody here has seen. */
  readonly throttle: LookupThrottle;
  readonly log: Log;
  readonly auditSink: AuditSink;
}

/** Is told of what the guard sees. */
export interface AuditSink {
  /** Somebody who showed an unknown session, or one whose user may not pass. */
  rejected(refusal: { reason: 'session' | 'permission'; address: string; userName?: string }): void;
  /** A session that got to the administrators' document. */
  read(reader: CurrentUser, address: string): void;
}

/** Makes `onRequest` hooks, which also put on the request who asks. */
export interface Guard {
  /** Lets administrators and owners pass. */
  readonly requireAdmin: (options: GuardOptions) => onRequestAsyncHookHandler;
  /** Lets everybody pass who is signed in. */
  readonly requireUser: (options: GuardOptions) => onRequestAsyncHookHandler;
  /**
   * The sessions that are shown by cookies, or by `tokens`; none for a stranger, who has been counted.
   *
   * @throws PortalError when a stranger comes too often, or nobody can say now
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

/** Of more cookies of that name those are tried that were seen before, then the first. */
const MOST_TOKENS = 4;
const READ_ONLY = new Set(['GET', 'HEAD']);

/** A guard that knows `sessions`. */
export function createGuard({
  sessions,
  limits,
  throttle: gate,
  log,
  auditSink: witness,
}: GuardDependencies): Guard {
  const admitted = new WeakMap<FastifyRequest, string>();

  function tokensOf({ headers }: FastifyRequest): string[] {
    const tokens = tokensInCookies(headers.cookie);
    if (tokens.length <= MOST_TOKENS) return tokens;
    const isNew = (token: string): number => Number(sessions.lastSeen(token) === undefined);
    return tokens.toSorted((one, other) => isNew(one) - isNew(other)).slice(0, MOST_TOKENS);
  }

  /** @throws PortalError when no store may be asked on behalf of this address yet */
  async function waitForTurn(address: string, tokens: readonly string[], reply: FastifyReply): Promise<void> {
    const isSeen = tokens.some((token) => sessions.lastSeen(token) !== undefined);
    if (limits.rejected.isOver(address) === undefined || isSeen || sessions.isAway()) return;
    allowedBy(await gate.pass(address, tokens.length), reply);
  }

  async function countUnauthenticated(address: string, reply: FastifyReply): Promise<void> {
    allowedBy(await limits.rejected.count(address), reply);
  }

  async function reject(address: string, reply: FastifyReply): Promise<void> {
    witness.rejected({ reason: 'session', address });
    await countUnauthenticated(address, reply);
  }

  async function identify(
    request: FastifyRequest,
    reply: FastifyReply,
    { allowFallback }: GuardOptions,
    tokens: readonly string[] = tokensOf(request),
  ): Promise<readonly Verified[]> {
    const address = clientAddress(request.ip);
    if (tokens.length === 0) {
      // A visitor, who asks whether there is a session.
      await countUnauthenticated(address, reply);
      return [];
    }
    await waitForTurn(address, tokens, reply);
    const isReading = READ_ONLY.has(request.method);
    const found = await sessions.find(tokens, { fromFallback: allowFallback && isReading });
    // No refusal: nobody has said that there is no such session.
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
    const cookies = tokensOf(request);
    if (bearer !== undefined && cookies.length > 0) {
      // Who is meant, a person or a machine, is for nobody to guess.
      await reject(clientAddress(request.ip), reply);
      throw new PortalError('authenticationRequired');
    }
    const tokens = bearer === undefined ? cookies : [bearer];
    for (const token of tokens) {
      const id = sessions.lastSeen(token);
      if (id !== undefined) allowedBy(limits.sessions.isOver(String(id)), reply);
    }
    const [verified, ...others] = await identify(request, reply, options, tokens);
    // Of two sessions one was put there by somebody else, and nobody can say which.
    if (others.length > 0) await reject(clientAddress(request.ip), reply);
    if (!verified || others.length > 0) throw new PortalError('authenticationRequired');
    const { session, token, source } = verified;
    allowedBy(await limits.sessions.count(String(session.id)), reply);
    if (source === 'database') sessions.used(session.id);
    const reader = {
      sessionId: session.id,
      userId: session.userId,
      userName: session.userName,
      permission: session.permission,
      tokenSuffix: suffixOf(token),
      expiresAtMs: session.expiresAtMs,
      isMachine: session.isMachine === true,
    };
    if (reader.isMachine && !options.machines) throw forbidden(reader, request);
    request.reader = reader;
    admitted.set(request, token);
    if (source === 'memory') admitFromFallback(request, reply, verified);
    return reader;
  }

  function forbidden({ userName }: CurrentUser, request: FastifyRequest): PortalError {
    witness.rejected({ reason: 'permission', address: clientAddress(request.ip), userName });
    return new PortalError('adminRequired');
  }

  function admitFromFallback(request: FastifyRequest, reply: FastifyReply, { session }: Verified): void {
    reply.header('X-Session-Source', 'memory');
    log.warn('let in from memory, because the database is away', {
      correlation_id: request.id,
      session: session.id,
      user: session.userId,
    });
  }

  return {
    requireAdmin: (options) => async (request, reply) => {
      const reader = await admit(request, reply, options);
      if (reader.permission < ADMIN) throw forbidden(reader, request);
      if (options.isDocument || reader.isMachine) witness.read(reader, clientAddress(request.ip));
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
