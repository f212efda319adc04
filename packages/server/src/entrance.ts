/**
 * Everything about getting in, put together: the guard before the doors, signing in and out, and what people see of
 * their own sessions.
 */
import type { FastifyInstance } from 'fastify';
import type { Config } from './config.js';
import { sessionCookie } from './features/sessions/cookie.js';
import { createGuard, type Guard } from './features/sessions/guard.js';
import { sessionRoutes } from './features/sessions/routes.js';
import { createDelivery } from './features/sign-in/delivery.js';
import { signInRoutes, type DoorLimits } from './features/sign-in/routes.js';
import { meDocument, userRoutes } from './features/users/routes.js';
import { expectUserName } from './features/users/users.js';
import type { Log } from './platform/log.js';
import { whileReachable } from './platform/postgres.js';
import { createRateLimit } from './platform/rate-limit.js';
import { createWebhook } from './platform/webhook.js';
import type { Records } from './records.js';

/** What it is made of. */
export interface EntranceOptions {
  readonly framework: FastifyInstance;
  readonly config: Config;
  readonly records: Records;
  readonly log: Log;
}

/** The way in. */
export interface Entrance {
  /** For the doors of others. */
  readonly guard: Guard;
  /** Gives up what is under way. */
  close(): void;
}

/** A chat that takes longer to accept a message is asked again. */
const CODE_DELIVERY_MS = 10_000;
/** Tries to sign in, and requests for codes: of one address a minute, and of all together. SECURITY.md has the sums. */
const OF_ADDRESS = 20;
const OF_ALL = 600;

/** Adds its routes to `framework`. */
export function createEntrance({ framework, config, records, log }: EntranceOptions): Entrance {
  const { sessions, signIn } = records;
  const guard = createGuard({
    sessions,
    limits: {
      sessions: createRateLimit({ most: config.sessionRequestsPerMinute }),
      refused: createRateLimit({ most: config.refusalsPerMinute }),
    },
    log,
  });
  const delivery =
    config.loginWebhookUrl &&
    createDelivery({
      webhook: createWebhook({
        url: config.loginWebhookUrl,
        secret: config.loginWebhookSecret,
        timeoutMs: CODE_DELIVERY_MS,
      }),
      log,
    });

  framework.register(userRoutes, { requireUser: guard.requireUser({ fromMemory: true }) });
  framework.register(sessionRoutes, {
    sessions,
    guard,
    requireUser: guard.requireUser({ fromMemory: false }),
    cookieSecure: config.cookieSecure,
  });
  framework.register(signInRoutes, {
    signIn,
    limits: { request: doorLimits(), verify: doorLimits() },
    expectName: expectUserName,
    deliver: (code) => delivery?.deliver(code),
    async begin({ userId }) {
      const begun = await whileReachable(sessions.begin(userId, 'code'));
      const { id, userName, permission, tokenSuffix, expiresAt, token } = begun;
      const expiresAtMs = expiresAt.getTime();
      return {
        cookie: sessionCookie(token, { expires: expiresAt, secure: config.cookieSecure }),
        document: meDocument({ sessionId: id, userId, userName, permission, tokenSuffix, expiresAtMs }),
      };
    },
  });

  return {
    guard,
    close() {
      delivery?.close();
    },
  };
}

function doorLimits(): DoorLimits {
  return { ofAddress: createRateLimit({ most: OF_ADDRESS }), ofAll: createRateLimit({ most: OF_ALL }) };
}
