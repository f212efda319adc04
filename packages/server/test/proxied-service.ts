/**
 * The whole service within a test, with a proxy before each of its stores: what it says to them can be heard, and the
 * network to them can break.
 */
import {
  startPostgres,
  startProxy,
  startRedis,
  throughPort,
  type PostgresServer,
  type Proxy,
  type RedisServer,
} from 'portal-test-kit';
import { IMPATIENT, startService, type TestService } from './service.js';

type Listener = (bytes: Buffer, connection: number) => void;

/** A running service, and what it runs on. */
export interface ProxiedService {
  readonly service: TestService;
  readonly postgres: PostgresServer;
  readonly redis: RedisServer;
  /** Of the database, past the proxy. */
  readonly databaseUrl: string;
  /** Between the service and its database. */
  readonly network: Proxy;
  close(): Promise<void>;
}

/** Who hears what is said, and settings by variable. */
export interface ProxiedServiceOptions {
  readonly onStatement?: Listener;
  readonly onCommand?: Listener;
  readonly environment?: Readonly<Record<string, string>>;
}

/** As if codes could be delivered, as far as anybody knows. */
export const DELIVERY = {
  PORTAL_LOGIN_WEBHOOK_URL: 'http://127.0.0.1:1/',
  PORTAL_LOGIN_WEBHOOK_SECRET: `whsec_${'A'.repeat(43)}=`,
} as const;

/** Starts all of it; it must be closed. */
export async function startProxiedService({
  onStatement,
  onCommand,
  environment = {},
}: ProxiedServiceOptions = {}): Promise<ProxiedService> {
  const running: { close(): Promise<unknown> }[] = [];
  async function kept<T extends { close(): Promise<unknown> }>(starting: Promise<T>): Promise<T> {
    const started = await starting;
    running.unshift(started);
    return started;
  }
  async function close(): Promise<void> {
    for (const one of running.splice(0)) await one.close();
  }
  try {
    const postgres = await kept(startPostgres());
    const redis = await kept(startRedis());
    const network = await kept(
      startProxy({ port: postgres.port, ...(onStatement && { onRequest: onStatement }) }),
    );
    const cache = await kept(startProxy({ port: redis.port, ...(onCommand && { onRequest: onCommand }) }));
    const databaseUrl = await postgres.createDatabase();
    const service = await kept(
      startService({
        databaseUrl: throughPort(databaseUrl, network.port),
        redisUrl: throughPort(redis.url, cache.port),
        environment: { ...IMPATIENT, ...environment },
      }),
    );
    return { service, postgres, redis, databaseUrl, network, close };
  } catch (error) {
    await close();
    throw error;
  }
}
