/**
 * Users and sessions for a command: on the stores of the configuration, of the running service, or, when there is
 * neither, on the embedded database started for as long as the command runs.
 */
import { resolve } from 'node:path';
import { baseUrlOf } from '../config/url-rules.js';
import { urlOf } from '../urls.js';
import { configFromEnvironment, type Config } from '../config/env.js';
import { createAuditStore, type AuditStore } from '../auth/audit/audit-store.js';
import { createLog } from '../infra/log.js';
import { migrate } from '../infra/migrate.js';
import { createDatabase } from '../infra/postgres.js';
import { createStores, type Stores } from '../stores.js';
import { readServiceFile, type ServiceFile } from '../infra/service-file.js';

/** What a command works with. */
export interface CommandContext extends Pick<Stores, 'users' | 'sessions' | 'signIn' | 'machines'> {
  readonly audit: Pick<AuditStore, 'page'>;
  readonly config: Config;
  /** Where browsers find the service, or would. */
  readonly serviceUrl: string;
  /** Names of the migrations that had to be applied first. */
  readonly migrated: readonly string[];
}

/** A person waits at the terminal; a database that takes longer is not there. */
const CONNECT_TIMEOUT_MS = 5_000;
const COMMAND_TIMEOUT_MS = 1_000;

/** Does `work`, with the tables up to date, and lets go of everything whatever comes of it. */
export async function openStores(work: (workplace: CommandContext) => Promise<void>): Promise<void> {
  const config = configFromEnvironment();
  const dataDir = resolve(config.dataDir);
  const usesDataDir = config.databaseUrl === undefined || config.redisUrl === undefined;
  const running = usesDataDir ? readServiceFile(dataDir) : serviceFileIfAny(dataDir);
  const database = await findDatabase(config.databaseUrl, running?.databaseUrl, dataDir);
  try {
    const records = createStores({
      databaseUrl: database.url,
      redisUrl: config.redisUrl ?? running?.redisUrl,
      poolSize: 1,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      commandTimeoutMs: COMMAND_TIMEOUT_MS,
      sessionDeadlineMs: COMMAND_TIMEOUT_MS,
      sessionFallbackMs: 0,
      sessionIdleMinutes: config.sessionIdleMinutes,
      codesDeliverable: false,
      isDown: () => false,
      isAway: () => false,
      log: createLog({ level: config.logLevel === 'debug' ? 'debug' : 'silent' }),
    });
    try {
      await records.cache?.whenReady(COMMAND_TIMEOUT_MS);
      const migrated = await migrate(records.database);
      const serviceUrl = config.publicUrl
        ? baseUrlOf(config.publicUrl)
        : (running?.publicUrl ?? running?.url ?? urlOf(config.host, config.port));
      const { users, sessions, signIn, machines } = records;
      const audit = createAuditStore(records.database);
      await work({ config, users, sessions, signIn, machines, audit, serviceUrl, migrated });
    } finally {
      await records.close();
    }
  } finally {
    await database.close();
  }
}

/** Only for a link that is printed: whose stores are known does not depend on it. */
function serviceFileIfAny(dataDir: string): ServiceFile | undefined {
  try {
    const running = readServiceFile(dataDir);
    // One that brings its own database along is another service.
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
  // The file that names it may be from a service that was killed, and its number be that of another process by now.
  if (runningUrl !== undefined && (await isReachable(runningUrl))) {
    return { url: runningUrl, close: () => Promise.resolve() };
  }
  // Only now, for the same reason as the whole of this file.
  const { startEmbeddedDatabase: startOwnDatabase } = await import('../embedded-servers.js');
  return startOwnDatabase(dataDir, console.error);
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
