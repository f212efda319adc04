/**
 * The stores of a command: those of the configuration, else those of the running service, else the embedded database,
 * started for as long as the command runs.
 */
import { resolve } from 'node:path';
import { baseUrlOf } from '../config/url-rules.js';
import { urlOf } from '../urls.js';
import { configFromEnvironment, type Config } from '../config/env.js';
import { createAuditStore, type AuditStore } from '../auth/audit/audit-store.js';
import { createLog } from '../infra/log.js';
import { migrate } from '../infra/migrate.js';
import { createDatabase } from '../infra/postgres.js';
import { createStoreClients, createStores, type Stores } from '../stores.js';
import { readServiceFile, type ServiceFile } from '../infra/service-file.js';

export interface CommandContext extends Pick<Stores, 'users' | 'sessions' | 'signIn' | 'machines'> {
  readonly audit: Pick<AuditStore, 'page'>;
  readonly config: Config;
  /** The service's URL in a browser; where it would be, if the service does not run. */
  readonly serviceUrl: string;
  /** Names of the migrations that were applied first. */
  readonly migrated: readonly string[];
}

/** An operator waits at the terminal. */
const CONNECT_TIMEOUT_MS = 5_000;
const COMMAND_TIMEOUT_MS = 1_000;

export async function openStores(work: (context: CommandContext) => Promise<void>): Promise<void> {
  const config = configFromEnvironment();
  const dataDir = resolve(config.dataDir);
  const usesDataDir = config.databaseUrl === undefined || config.redisUrl === undefined;
  const running = usesDataDir ? readServiceFile(dataDir) : serviceFileIfAny(dataDir);
  const database = await findDatabase(config.databaseUrl, running?.databaseUrl, dataDir);
  try {
    const log = createLog({ level: config.logLevel === 'debug' ? 'debug' : 'silent' });
    const stores = createStores({
      clients: createStoreClients({
        databaseUrl: database.url,
        redisUrl: config.redisUrl ?? running?.redisUrl,
        poolSize: 1,
        connectTimeoutMs: CONNECT_TIMEOUT_MS,
        commandTimeoutMs: COMMAND_TIMEOUT_MS,
        log,
      }),
      sessionDeadlineMs: COMMAND_TIMEOUT_MS,
      sessionFallbackMs: 0,
      sessionIdleMinutes: config.sessionIdleMinutes,
      codesDeliverable: false,
      isDown: () => false,
      isAway: () => false,
      log,
    });
    try {
      await stores.cache?.whenReady(COMMAND_TIMEOUT_MS);
      const migrated = await migrate(stores.database);
      const serviceUrl = config.publicUrl
        ? baseUrlOf(config.publicUrl)
        : (running?.publicUrl ?? running?.url ?? urlOf(config.host, config.port));
      const { users, sessions, signIn, machines } = stores;
      const audit = createAuditStore(stores.database);
      await work({ config, users, sessions, signIn, machines, audit, serviceUrl, migrated });
    } finally {
      await stores.close();
    }
  } finally {
    await database.close();
  }
}

/** Read for its URL only, because the stores are configured: a file that cannot be read is no error. */
function serviceFileIfAny(dataDir: string): ServiceFile | undefined {
  try {
    const running = readServiceFile(dataDir);
    // A service with an embedded database is not the one that uses the configured stores.
    return running?.databaseUrl === undefined ? running : undefined;
  } catch {
    return undefined;
  }
}

interface FoundDatabase {
  readonly url: string;
  close(): Promise<void>;
}

async function findDatabase(
  configuredUrl: string | undefined,
  runningUrl: string | undefined,
  dataDir: string,
): Promise<FoundDatabase> {
  if (configuredUrl !== undefined) return { url: configuredUrl, close: () => Promise.resolve() };
  // A killed service leaves its file behind, and its process id may belong to another process by now.
  if (runningUrl !== undefined && (await isReachable(runningUrl))) {
    return { url: runningUrl, close: () => Promise.resolve() };
  }
  // Only now: with configured stores it is not needed.
  const { startEmbeddedDatabase } = await import('../embedded-servers.js');
  return startEmbeddedDatabase(dataDir, console.error);
}

async function isReachable(url: string): Promise<boolean> {
  const database = createDatabase({
    url,
    poolSize: 1,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    onError: () => undefined,
  });
  try {
    await database.rows('SELECT 1', [], CONNECT_TIMEOUT_MS);
    return true;
  } catch {
    return false;
  } finally {
    await database.close();
  }
}
