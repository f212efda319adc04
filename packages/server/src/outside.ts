/**
 * What the service has to do with the world around it: the clients of its stores, the server, and who may ask it.
 */
import type { Config } from './config/env.js';
import { createTrustedProxies } from './infra/client-address.js';
import { createHttpServer, type CutReason } from './infra/http.js';
import type { Log } from './infra/log.js';
import { createMigrator } from './infra/migrator.js';
import { createOriginCheck } from './infra/origin-check.js';
import { createResponseLog, type ResponseLog } from './infra/response-log.js';
import { createStoreClients } from './stores.js';

export interface OutsideOptions {
  readonly config: Config;
  /** From the configuration, or of an embedded server. */
  readonly databaseUrl: string;
  /** `undefined`: no Redis is to be had; the service runs without and says so. */
  readonly redisUrl: string | undefined;
  readonly log: Log;
}

/** A connection that takes longer is of no use to a request. */
const CONNECT_TIMEOUT_MS = 2_000;

/** Opens nothing but connections to Redis, and listens to nothing yet. */
export function createOutside({ config, databaseUrl, redisUrl, log }: OutsideOptions) {
  const clients = createStoreClients({
    databaseUrl,
    redisUrl,
    poolSize: config.poolSize,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    commandTimeoutMs: config.sessionDeadlineMs,
    log,
  });
  const schema = createMigrator({ database: clients.database, log });
  const responseLog = createResponseLog(log);
  const proxies = createTrustedProxies(config.trustedProxies);
  const http = createHttpServer(logUnaccepted(log, responseLog), {
    reserved: config.poolSize,
    isTrustedProxy: proxies.isTrusted,
    onCut: logCut(log, responseLog),
  });
  const originCheck = createOriginCheck({
    publicUrl: config.publicUrl,
    host: config.host,
    boundTo: () => http.boundTo(),
    log,
  });
  return { clients, schema, responseLog, proxies, http, originCheck };
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
