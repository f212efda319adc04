/**
 * The composition root: builds the whole service out of its parts, and listens to nothing.
 */
import { createHealth, type Failure, type Health, type StatusChange } from 'portal-health';
import { createHealthHandler } from 'portal-health/node';
import { watchSource, type SourceEvent, type SourceOptions } from 'portal-integrity';
import { api } from './api/api.js';
import { showsCredentialsForMetrics } from './api/metrics.js';
import type { Config } from './config/env.js';
import { createAuth } from './auth/auth.js';
import type { Sessions } from './auth/sessions/sessions.js';
import { createSessionWatch } from './auth/sessions/session-watch.js';
import type { SignIn } from './auth/login-codes/sign-in.js';
import type { Users } from './auth/users/users.js';
import { createResponseLog, type ResponseLog } from './infra/response-log.js';
import { createFastify } from './infra/fastify.js';
import { createHttpServer, type CutReason, type HttpServer } from './infra/http.js';
import type { Log } from './infra/log.js';
import { createOriginCheck } from './infra/origin-check.js';
import { createMigrator } from './infra/migrator.js';
import { createTrustedProxies } from './infra/trusted-proxies.js';
import { createMonitoring } from './monitoring/monitoring.js';
import { createStores } from './stores.js';

/** What the service is built of. */
export interface AppOptions {
  readonly config: Config;
  /** From the configuration, or of an embedded server. */
  readonly databaseUrl: string;
  /** `undefined`: no Redis is to be had; the service runs without and says so. */
  readonly redisUrl: string | undefined;
  readonly log: Log;
  /** Default: now. */
  readonly startedAt?: Date;
}

/** The service. */
export interface App {
  readonly http: HttpServer;
  readonly health: Health;
  readonly users: Users;
  readonly sessions: Sessions;
  readonly signIn: SignIn;
  /**
   * Looks at everything once, hashes the source, and brings the tables up to date. A store that is down does not keep
   * the service from starting.
   *
   * @throws MigrationError when the database and this program do not belong together
   */
  start(): Promise<void>;
  /** Says no to new traffic from now on, and ends what would never end by itself. The first step of a shutdown. */
  drain(): void;
  /** Lets go of everything; the server must have stopped before. */
  close(): Promise<void>;
}

/** A connection that takes longer to make is of no use to anybody who waits for an answer. */
const CONNECT_TIMEOUT_MS = 2_000;
const MINUTE_MS = 60_000;

/** Builds the service; nothing is opened before `start()`, save for connections to Redis. */
export function createApp({ config, databaseUrl, redisUrl, log, startedAt = new Date() }: AppOptions): App {
  const stores = createStores({
    databaseUrl,
    redisUrl,
    poolSize: config.poolSize,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    commandTimeoutMs: config.sessionDeadlineMs,
    sessionDeadlineMs: config.sessionDeadlineMs,
    sessionIdleMinutes: config.sessionIdleMinutes,
    codesDeliverable: config.loginWebhookUrl !== undefined,
    sessionFallbackMs: config.sessionMemoryMinutes * MINUTE_MS,
    isDown: (store) => health.state(store) === 'down',
    isAway: () => isAway(health, 'database'),
    onLate: () => health.probeNow('database'),
    log,
  });
  const { database, cache, users, sessions, signIn } = stores;
  const schema = createMigrator({ database, log });

  const monitoring = createMonitoring({ config, log, health: () => health });
  const { history, pages } = monitoring;

  const sampling = { intervalMs: config.intervalMs, deadlineMs: config.deadlineMs, slowMs: config.slowMs };
  const source = watchSource(sourceOptions(config, log, (event) => monitoring.sourceChanged(event)));
  const health = createHealth({
    database: {
      ...sampling,
      pool: database.pool,
      writes: config.writeIntervalMs > 0 && {
        intervalMs: config.writeIntervalMs,
        deadlineMs: config.writeDeadlineMs,
        table: 'portal_writes',
        // A migration makes it.
        create: false,
      },
      poolSaturatedAfterMs: config.poolSaturatedMs,
      poolStalledAfterMs: config.poolStalledMs,
    },
    cache: { ...sampling, client: cache?.client ?? null },
    checks: { schema: { ...sampling, check: () => schema.isUsable(), critical: true } },
    source,
    ready: config.ready,
    startedAt,
    onFailure: logFailures(log),
    onStatusChange: (change) => logStatus(log, change),
    onReport(event) {
      monitoring.reported(event);
      // By the time that its probe says so, a database that is back can be asked who somebody is.
      if (!isAway(health, 'database')) database.dedicated.reconnectNow();
    },
  });
  const watch = createSessionWatch({
    sessions,
    isHeard: () => !isAway(health, 'database'),
    fallbackMs: config.sessionMemoryMinutes * MINUTE_MS,
  });

  const answers = createResponseLog(log);
  const proxies = createTrustedProxies(config.trustedProxies);
  const http = createHttpServer(logUnaccepted(log, answers), {
    reserved: config.poolSize,
    isTrustedProxy: proxies.isTrusted,
    onCut: logCut(log, answers),
  });
  const site = createOriginCheck({
    publicUrl: config.publicUrl,
    host: config.host,
    boundTo: () => http.boundTo(),
    log,
  });
  const healthHandler = createHealthHandler(health, { onMethodNotAllowed: logRequestError(answers) });
  const fastify = createFastify({
    http,
    healthHandler: (request, response) =>
      !showsCredentialsForMetrics(request) && healthHandler(request, response),
    originCheck: site,
    proxies,
    log,
    responseLog: answers,
  });
  const auth = createAuth({
    config,
    database,
    cache,
    sessions,
    isDown: () => health.state('database') === 'down',
    isCacheDown: () => isAway(health, 'cache'),
    pageUrl: site.baseUrl,
    log,
  });
  fastify.register(api, {
    services: {
      ...auth,
      sessions,
      signIn,
      health,
      source,
      history,
      intervalMs: config.intervalMs,
      gapMs: monitoring.gapMs,
      pages,
      statusTracker: monitoring.statusTracker(),
      watchSession: (request, onGone) => watch.watch(auth.guard.tokenOf(request), onGone),
    },
  });

  return {
    http,
    health,
    users,
    sessions,
    signIn,
    async start() {
      const monitored = monitoring.start();
      sessions.listen();
      await fastify.ready();
      await Promise.all([health.start(), schema.start(), monitored]);
      auth.start();
    },
    drain() {
      health.drain();
      pages.drain();
    },
    async close() {
      pages.drain();
      watch.close();
      schema.close();
      await auth.close();
      await fastify.close();
      answers.close();
      await health.close();
      await monitoring.close();
      await stores.close();
    },
  };
}

/** Whether the probe of a store says that it is away. Before its first word nobody has said so. */
function isAway(health: Health, store: 'database' | 'cache'): boolean {
  return ['down', 'stale'].includes(health.state(store) ?? 'up');
}

/** What the source is, who vouches for it, and one line in the log for every change of it. */
function sourceOptions(config: Config, log: Log, onChange: (event: SourceEvent) => void): SourceOptions {
  const { sourceRoot, sourceExclude, sourceHash, sourceStatement, sourceKeys, sourceMinimumSequence } =
    config;
  return {
    root: sourceRoot,
    exclude: sourceExclude,
    ...(sourceHash === undefined ? {} : { expectedHash: sourceHash }),
    ...(sourceStatement === undefined
      ? {}
      : {
          statement: {
            file: sourceStatement,
            keys: sourceKeys ?? [],
            minimumSequence: sourceMinimumSequence,
          },
        }),
    onEvent(event) {
      const { began_at, hash_after, added, removed, modified, put_back } = event;
      onChange(event);
      log.warn('the source changed on disk', { began_at, hash_after, added, removed, modified, put_back });
    },
  };
}

/** The public doors stand before the framework, and so before its log. */
function logRequestError(answers: ResponseLog): (refusal: { correlationId: string; method: string }) => void {
  return ({ correlationId, method }) => {
    answers.log({ correlation_id: correlationId, method, route: 'public', status: 405 }, false);
  };
}

function logUnaccepted(log: Log, answers: ResponseLog): (error: unknown) => void {
  return (error) => {
    const event = 'a connection could not be accepted';
    answers.seldom(event, () => log.failure(event, error));
  };
}

/** Who sends too much without reading, and who had to make room, is seen by nobody else. */
function logCut(log: Log, answers: ResponseLog): (reason: CutReason) => void {
  return (reason) => {
    const event =
      reason === 'unread'
        ? 'a connection was ended, because it asked on and read no answer'
        : 'a connection was ended, because too many were open';
    answers.seldom(event, () => log.warn(event));
  };
}

/** One line when a part begins to fail, or fails for another cause: not one every interval. */
function logFailures(log: Log): (failure: Failure) => void {
  const told = new Map<string, string>();
  return ({ name, problems, remarks, cause }) => {
    const causes = [...problems, ...remarks, cause?.code ?? ''].join(' ');
    if (told.get(name) === causes) return;
    told.set(name, causes);
    const what = { part: name, problems, remarks, cause: cause?.code ?? null };
    if (problems.length > 0) log.warn('a part of the service fails', what);
    else log.info('a part of the service works, with a remark', what);
    if (cause) log.debug('a part of the service fails, in full', { part: name, words: cause.message });
  };
}

function logStatus(log: Log, { from, to, report }: StatusChange): void {
  log[to === 'healthy' ? 'info' : 'warn']('the status changed', { from, to, errors: report.errors });
}
