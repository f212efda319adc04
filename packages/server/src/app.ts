/**
 * The composition root: builds the whole service out of its parts, and listens to nothing.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Health } from 'portal-health';
import { createHealthHandler } from 'portal-health/node';
import type { FollowedScripts } from 'portal-integrity/follow';
import { api } from './api/api.js';
import { showsCredentialsForMetrics } from './api/metrics.js';
import type { Config } from './config/env.js';
import { createAuth } from './auth/auth.js';
import type { Sessions } from './auth/sessions/sessions.js';
import { createSessionWatch } from './auth/sessions/session-watch.js';
import type { SignIn } from './auth/login-codes/sign-in.js';
import type { Users } from './auth/users/users.js';
import type { ResponseLog } from './infra/response-log.js';
import { createFastify } from './infra/fastify.js';
import type { HttpServer } from './infra/http.js';
import type { Log } from './infra/log.js';
import { startParts, type StartPartsOptions } from './infra/start-parts.js';
import { FLEET_PROBLEMS, INSTANCE_PROBLEMS } from './fleet/fleet-problems.js';
import { createSharedGenerations } from './monitoring/incidents/shared-generations.js';
import { createIncidentNotes } from './monitoring/incidents/incident-notes.js';
import { createPauseStore } from './monitoring/pauses/pause-store.js';
import { createMonitoring, type Monitoring } from './monitoring/monitoring.js';
import { createServiceHealth } from './service-health.js';
import { createOutside, type OutsideOptions } from './outside.js';
import { createStores } from './stores.js';
import { createWatchedFleet } from './watched-fleet.js';

/** What the service is built of. */
export interface AppOptions extends OutsideOptions {
  /** Default: now. */
  readonly startedAt?: Date;
  /** What V8 has told of this process; without it, all is gone through at the start. */
  readonly scripts?: FollowedScripts | undefined;
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

const MINUTE_MS = 60_000;
/** Another process may be changing the tables, for a minute at most. */
const START_MS = 75_000;

/** Opens nothing before `start()`, except connections to Redis. */
export function createApp(options: AppOptions): App {
  const { config, databaseUrl, redisUrl, log, startedAt = new Date(), scripts } = options;
  // The outside.
  const outside = createOutside({ config, databaseUrl, redisUrl, log });
  const { clients, schema, responseLog, http } = outside;
  const { database } = clients;

  // What it watches of itself.
  const watched = createServiceHealth({ config, clients, schema, startedAt, log, scripts });
  const { health, source } = watched;

  // Who may come in.
  const { stores, auth, watch } = createAccess({ outside, config, watched, log });
  const { users, sessions, signIn } = stores;

  // What is kept of it, and who is notified.
  const monitoring = createMonitoring({
    config,
    log,
    health: () => health,
    generations: createSharedGenerations(database, () => watched.isAway('database')),
    pauseStore: createPauseStore(database),
    database,
    isDatabaseAway: () => watched.isAway('database'),
    sentences: { ...INSTANCE_PROBLEMS, ...FLEET_PROBLEMS },
  });
  const { history, fleetHistory, healthyTimes, incidents, pauses, pages, gapMs } = monitoring;
  const { alertOverview, sendAlertTest } = monitoring;
  tellOnwards(watched, monitoring, () => database.dedicated.reconnectNow());

  // What it watches of others.
  const watchedFleet = createWatchedFleet({ config, health, source, startedAt, monitoring, log });
  watched.onReport(() => watchedFleet.observe());

  // How it answers.
  const fastify = createFastify({ ...outside, healthHandler: healthHandlerOf(health, responseLog), log });
  fastify.register(api, {
    heading: headingOf(config),
    services: {
      ...auth,
      sessions,
      signIn,
      health,
      source,
      history,
      intervalMs: config.intervalMs,
      gapMs,
      pages,
      runbookUrl: config.runbookUrl,
      fleet: watchedFleet.fleet,
      fleetHistory,
      healthyTimes,
      incidents,
      pauses,
      alertOverview,
      sendAlertTest,
      incidentNotes: createIncidentNotes(database, () => watched.isAway('database')),
      monitoringFigures: () => monitoring.figures(),
      notesOf: watchedFleet.notesOf,
      fleetPages: watchedFleet.pages,
      statusTracker: monitoring.statusTracker(),
      watchSession: (request, onGone) => watch.watch(auth.guard.tokenOf(request), onGone),
    },
  });

  async function close(): Promise<void> {
    pages.drain();
    watchedFleet.pages.drain();
    watch.close();
    schema.close();
    for (const part of [watchedFleet, auth, fastify]) await part.close();
    responseLog.close();
    for (const part of [health, monitoring, stores]) await part.close();
  }

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
      const parts = { 'first look': health.start(), tables: schema.start(), history: monitored };
      await startParts(parts, startPartsOptions(log));
      auth.start();
      watchedFleet.start();
    },
    drain() {
      health.drain();
      pages.drain();
      watchedFleet.pages.drain();
    },
    close,
  };
}

function tellOnwards(
  watched: ReturnType<typeof createServiceHealth>,
  monitoring: Monitoring,
  reconnect: () => void,
): void {
  watched.onSourceChange((event) => monitoring.sourceChanged(event));
  watched.onReport((event) => monitoring.reported(event));
  // A database that is back can look up sessions by the time that its probe reports it.
  watched.onReport(() => !watched.isAway('database') && reconnect());
}

/** Two pages side by side are told apart by it. */
function headingOf({ name, environment }: Config): string | undefined {
  if (environment === undefined) return name;
  return `${name ?? 'Portal Health'} · ${environment}`;
}

function startPartsOptions(log: Log): StartPartsOptions {
  return {
    timeoutMs: START_MS,
    onSlow: (parts) => log.warn('the start waits', { parts }),
    onLate: (parts) => log.warn('the start waits no longer for what is late', { parts }),
    onError: (part, error) => log.failure(`what was late at the start has failed: ${part}`, error),
  };
}

interface AccessContext {
  readonly outside: ReturnType<typeof createOutside>;
  readonly config: Config;
  readonly watched: ReturnType<typeof createServiceHealth>;
  readonly log: Log;
}

/** Users, sessions and codes, asked as what is watched says that they can be, and the guard over them. */
function createAccess({ outside, config, watched, log }: AccessContext) {
  const { clients, originCheck } = outside;
  const isDown = (): boolean => watched.health.state('database') === 'down';
  const isAway = (): boolean => watched.isAway('database');
  const fallbackMs = config.sessionMemoryMinutes * MINUTE_MS;
  const stores = createStores({
    clients,
    sessionDeadlineMs: config.sessionDeadlineMs,
    sessionIdleMinutes: config.sessionIdleMinutes,
    codesDeliverable: config.loginWebhookUrl !== undefined,
    sessionFallbackMs: fallbackMs,
    isDown,
    isAway,
    onLate: () => watched.health.probeNow('database'),
    log,
  });
  const { sessions } = stores;
  const auth = createAuth({
    config,
    database: clients.database,
    cache: clients.cache,
    sessions,
    isDown,
    isCacheDown: () => watched.isAway('cache'),
    pageUrl: originCheck.baseUrl,
    log,
  });
  const watch = createSessionWatch({ sessions, isHeard: () => !isAway(), fallbackMs });
  return { stores, auth, watch };
}

/** Answers the public endpoints before Fastify is asked; `/metrics` with credentials is left to Fastify. */
function healthHandlerOf(
  health: Health,
  responseLog: ResponseLog,
): (request: IncomingMessage, response: ServerResponse) => boolean {
  const handle = createHealthHandler(health, { onMethodNotAllowed: logMethodNotAllowed(responseLog) });
  return (request, response) =>
    // Saves the requests of the API a look for an endpoint that is not there.
    !(request.url ?? '').startsWith('/v1/') &&
    !showsCredentialsForMetrics(request) &&
    handle(request, response);
}

/** The public endpoints answer before Fastify, and so before its log. */
function logMethodNotAllowed(
  answers: ResponseLog,
): (refusal: { correlationId: string; method: string }) => void {
  return ({ correlationId, method }) => {
    answers.log({ correlation_id: correlationId, method, route: 'public', status: 405 }, false);
  };
}
