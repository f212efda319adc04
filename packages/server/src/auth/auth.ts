/**
 * Everything about getting in, put together: the guard before the endpoints, signing in and out, and the audit of that.
 */
import { settingsInUse, type Config } from '../config/env.js';
import { PortalError } from '../errors.js';
import { createAudit, type Audit } from './audit/audit.js';
import { changedSettings } from './audit/changed-settings.js';
import { createAuditStore, type AuditStore } from './audit/audit-store.js';
import { endedCookie, sessionCookie } from './cookie.js';
import type { CurrentUser } from './current-user.js';
import { createLookupThrottle } from './sessions/lookup-throttle.js';
import { createGuard, type Guard } from './guard.js';
import type { Sessions } from './sessions/sessions.js';
import { createSignOut, type SignOut } from './sessions/sign-out.js';
import { createCodeSender, type CodeToSend } from './login-codes/code-sender.js';
import { startWebhookWorker } from './login-codes/webhook-worker.js';
import type { Redeemed } from './login-codes/login-code-store.js';
import type { SignInLimits, VisitorLimits } from './login-codes/visitors.js';
import type { Log } from '../infra/log.js';
import { whileReachable, type Database } from '../infra/postgres.js';
import type { Cache } from '../infra/redis.js';
import { createRateLimit } from './rate-limit.js';
import { createRetention } from './expiry.js';

export interface AuthOptions {
  readonly config: Config;
  readonly database: Database;
  readonly cache: Cache | undefined;
  readonly sessions: Sessions;
  /** Whether the database is known to be down. */
  readonly isDown: () => boolean;
  /** Whether Redis is known not to answer: limits are counted in this process alone then. */
  readonly isCacheDown: () => boolean;
  /** Where browsers find the page, for the link in the message with a code. */
  readonly pageUrl: string | undefined;
  readonly log: Log;
}

export interface Auth {
  readonly guard: Guard;
  readonly signOut: SignOut;
  /** Value of the `Set-Cookie` header that takes the cookie back. */
  readonly endedCookie: string;
  readonly signInLimits: SignInLimits;
  readonly deliver: (code: CodeToSend) => void;
  /** `undefined` when the user is gone, or disabled. */
  readonly beginSession: (redeemed: Redeemed, address: string) => Promise<BegunByCode | undefined>;
  readonly audit: Audit;
  readonly auditStore: AuditStore;
  /** From now on the audit is written. */
  start(): void;
  /** Gives up what is under way, and writes what is left of the audit. */
  close(): Promise<void>;
}

interface BegunByCode {
  /** Value of the `Set-Cookie` header. */
  readonly cookie: string;
  readonly user: CurrentUser;
}

/** Codes that were none, and requests for codes: of one address a minute, and of all together. Whoever is over waits. */
const OF_ADDRESS = 20;
const OF_ALL = 600;
/** Requests of one address by one name, a minute: beyond that its user has messages enough. */
const OF_NAME = 10;

export function createAuth({
  config,
  database,
  cache,
  sessions,
  isDown,
  isCacheDown,
  pageUrl,
  log,
}: AuthOptions): Auth {
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
      rejected: createRateLimit({
        most: config.refusalsPerMinute,
        shared: counters && { name: 'refused', counters },
      }),
    },
    throttle: createLookupThrottle(),
    log,
    auditSink: audit,
  });
  const delivery =
    config.loginWebhookUrl &&
    createCodeSender({
      post: startWebhookWorker({ url: config.loginWebhookUrl.href, secret: config.loginWebhookSecret, log }),
      pageUrl,
    });

  async function beginSession({ userId, createdBy: madeBy }: Redeemed, address: string) {
    const from = { address, details: { code_made_by: madeBy } };
    const begun = await whileReachable(sessions.begin(userId, 'code', from)).catch(unlessGone);
    if (!begun) return undefined;
    const { id, userName, permission, tokenSuffix, expiresAt, token } = begun;
    const expiresAtMs = expiresAt.getTime();
    return {
      cookie: sessionCookie(token, { expires: expiresAt, secure: config.cookieSecure }),
      user: { sessionId: id, userId, userName, permission, tokenSuffix, expiresAtMs },
    };
  }

  return {
    guard,
    signOut: createSignOut({ sessions, guard }),
    endedCookie: endedCookie({ secure: config.cookieSecure }),
    signInLimits: {
      request: visitorLimits(),
      requestOfName: createRateLimit({ most: OF_NAME }),
      verify: visitorLimits(),
    },
    deliver: (code) => delivery?.send(code),
    beginSession,
    audit,
    auditStore,
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
  if (!(error instanceof PortalError && error.type === 'conflict')) throw error;
}

function visitorLimits(): VisitorLimits {
  return { ofAddress: createRateLimit({ most: OF_ADDRESS }), ofAll: createRateLimit({ most: OF_ALL }) };
}
