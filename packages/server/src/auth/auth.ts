/**
 * Everything about getting in, put together: the guard before the doors, signing in and out, what people see of their
 * own sessions, and the audit of all that.
 */
import type { FastifyInstance } from 'fastify';
import { settingsInUse, type Config } from '../config/env.js';
import { PortalError } from '../errors.js';
import { createAudit } from './audit/audit.js';
import { auditRoutes } from '../features/audit/routes.js';
import { changedSettings } from './audit/settings.js';
import { createAuditStore } from './audit/store.js';
import { sessionCookie } from './cookie.js';
import { createGate } from './sessions/gate.js';
import { createGuard, type Guard } from './guard.js';
import { sessionRoutes } from '../features/sessions/routes.js';
import { createDelivery } from './login-codes/delivery.js';
import { startPost } from './login-codes/post.js';
import { signInRoutes, type DoorLimits } from '../features/sign-in/routes.js';
import { meDocument, userRoutes } from '../features/users/routes.js';
import { expectUserName } from './users/users.js';
import type { Log } from '../infra/log.js';
import { whileReachable } from '../infra/postgres.js';
import { createRateLimit } from './rate-limit.js';
import type { Records } from '../stores.js';
import { createRetention } from './retention.js';

/** What it is made of. */
export interface EntranceOptions {
  readonly framework: FastifyInstance;
  readonly config: Config;
  readonly records: Records;
  /** Whether the database is known to be down. */
  readonly isDown: () => boolean;
  /** Whether Redis is known not to answer: limits are counted in this process alone then. */
  readonly isCacheDown: () => boolean;
  readonly log: Log;
}

/** The way in. */
export interface Entrance {
  /** For the doors of others. */
  readonly guard: Guard;
  /** From now on the audit is written. */
  start(): void;
  /** Gives up what is under way, and writes what is left of the audit. */
  close(): Promise<void>;
}

/** Codes that were none, and requests for codes: of one address a minute, and of all together. Whoever is over waits. */
const OF_ADDRESS = 20;
const OF_ALL = 600;
/** Requests of one address by one name, a minute: beyond that the name has messages enough, whoever has it. */
const OF_NAME = 10;

/** Adds its routes to `framework`. */
export function createEntrance({
  framework,
  config,
  records,
  isDown,
  isCacheDown,
  log,
}: EntranceOptions): Entrance {
  const { database, cache, sessions, signIn } = records;
  const counters = cache && { client: cache.client, isDown: isCacheDown };
  const auditStore = createAuditStore(database);
  const audit = createAudit({
    store: auditStore,
    changedSettings: () => changedSettings(database, settingsInUse(config)),
    isDown,
    log,
  });
  const retention = createRetention({ database, auditDays: config.auditDays, isDown, log });
  const guard = createGuard({
    sessions,
    limits: {
      sessions: createRateLimit({ most: config.sessionRequestsPerMinute }),
      refused: createRateLimit({
        most: config.refusalsPerMinute,
        shared: counters && { name: 'refused', counters },
      }),
    },
    gate: createGate(),
    log,
    witness: audit,
  });
  const delivery =
    config.loginWebhookUrl &&
    createDelivery({
      post: startPost({ url: config.loginWebhookUrl.href, secret: config.loginWebhookSecret, log }),
      pageUrl: framework.site.baseUrl,
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
    limits: {
      request: doorLimits(),
      requestOfName: createRateLimit({ most: OF_NAME }),
      verify: doorLimits(),
    },
    expectName: expectUserName,
    deliver: (code) => delivery?.deliver(code),
    onRefused: (refusal) => audit.refused(refusal),
    async begin({ userId, madeBy }, address) {
      const from = { address, details: { code_made_by: madeBy } };
      const begun = await whileReachable(sessions.begin(userId, 'code', from)).catch(unlessGone);
      if (!begun) return undefined;
      const { id, userName, permission, tokenSuffix, expiresAt, token } = begun;
      const expiresAtMs = expiresAt.getTime();
      return {
        cookie: sessionCookie(token, { expires: expiresAt, secure: config.cookieSecure }),
        document: meDocument({ sessionId: id, userId, userName, permission, tokenSuffix, expiresAtMs }),
      };
    },
  });

  framework.register(auditRoutes, {
    audit,
    store: auditStore,
    requireAdmin: guard.requireAdmin({ fromMemory: false }),
  });

  return {
    guard,
    start() {
      audit.start();
      retention.start();
    },
    async close() {
      retention.close();
      await delivery?.close();
      await audit.close();
    },
  };
}

/** Between its code and its session a user may have been disabled or removed. */
function unlessGone(error: unknown): undefined {
  if (!(error instanceof PortalError && error.kind === 'conflict')) throw error;
}

function doorLimits(): DoorLimits {
  return { ofAddress: createRateLimit({ most: OF_ADDRESS }), ofAll: createRateLimit({ most: OF_ALL }) };
}
