/**
 * Users and sessions over their two stores: what the service and the command line have in common.
 */
import { errorCode } from 'portal-shared/error-code';
import { createSessionChannel } from './auth/sessions/channel.js';
import { createLookups } from './auth/sessions/lookups.js';
import { createMachines, type Machines } from './auth/sessions/machines.js';
import { createSessionFallback } from './auth/sessions/session-fallback.js';
import { createSessions, type Sessions } from './auth/sessions/sessions.js';
import { createSessionStore, SESSIONS_CHANGED } from './auth/sessions/session-store.js';
import { createLastUsedWriter } from './auth/sessions/last-used.js';
import { createSignIn, type SignIn } from './auth/login-codes/sign-in.js';
import { createCodeStore } from './auth/login-codes/login-code-store.js';
import { createUserStore } from './auth/users/user-store.js';
import { createUsers, type Users } from './auth/users/users.js';
import type { Log } from './infra/log.js';
import { createDatabase, type Database } from './infra/postgres.js';
import { createCache, type Cache } from './infra/redis.js';

export interface StoreClientsOptions {
  readonly databaseUrl: string;
  /** `undefined`: there is no Redis. */
  readonly redisUrl: string | undefined;
  readonly poolSize: number;
  /** Milliseconds to wait for a connection to PostgreSQL. */
  readonly connectTimeoutMs: number;
  /** Milliseconds that a command to Redis may take. */
  readonly commandTimeoutMs: number;
  readonly log: Log;
}

export interface StoreClients {
  readonly database: Database;
  readonly cache: Cache | undefined;
}

/** PostgreSQL is connected to when it is needed, Redis at once. */
export function createStoreClients(options: StoreClientsOptions): StoreClients {
  const { log, redisUrl } = options;
  // At `debug` only: the probe of a store reports once that it fails, and a client that retries reports it every time.
  function onError(store: string): (error: unknown) => void {
    return (error) => log.debug('a connection broke', { store, cause: errorCode(error) });
  }

  return {
    database: createDatabase({
      url: options.databaseUrl,
      poolSize: options.poolSize,
      connectTimeoutMs: options.connectTimeoutMs,
      onError: onError('database'),
      onPooler: () =>
        log.warn(
          'a pooler stands before the database: where it shares connections between clients, LISTEN tells nothing, and other processes’ changes of sessions are heard of by Redis alone',
        ),
    }),
    cache:
      redisUrl === undefined
        ? undefined
        : createCache({
            url: redisUrl,
            commandTimeoutMs: options.commandTimeoutMs,
            onError: onError('cache'),
          }),
  };
}

export interface StoresOptions {
  readonly clients: StoreClients;
  /** Milliseconds that a look-up of a session waits for PostgreSQL. */
  readonly sessionDeadlineMs: number;
  /** Milliseconds that a session is remembered for the case that the database is away. */
  readonly sessionFallbackMs: number;
  /** Minutes that a session may be without use; 0, the default: for ever. */
  readonly sessionIdleMinutes?: number;
  /** Whether requested one-time codes are sent. */
  readonly codesDeliverable: boolean;
  /** Whether the probe of the database says that it is down. */
  readonly isDown: () => boolean;
  /** Whether its probe says that the database is down, or has not run for too long. */
  readonly isAway: () => boolean;
  /** Called for every look-up that was late. */
  readonly onLate?: () => void;
  readonly log: Log;
}

/** Users, sessions, and the stores they lie in. */
export interface Stores {
  readonly database: Database;
  readonly cache: Cache | undefined;
  readonly users: Users;
  readonly sessions: Sessions;
  readonly signIn: SignIn;
  /** Creates and revokes the tokens of machines; the look-up is that of sessions. */
  readonly machines: Machines;
  close(): Promise<void>;
}

export function createStores(options: StoresOptions): Stores {
  const { clients, log, isDown, sessionIdleMinutes: idleMinutes = 0 } = options;
  const { database, cache } = clients;
  const store = createSessionStore(database, database.dedicated, idleMinutes);
  const use = idleMinutes === 0 ? undefined : createLastUsedWriter({ write: (ids) => store.used(ids) });
  const lookups = createLookups({
    load: (hashes) => store.find(hashes),
    isConnected: () => database.dedicated.isOpen(),
    isAway: options.isAway,
    isListenerCut: () => database.isListenerCut(),
    fallback: createSessionFallback(options.sessionFallbackMs),
    deadlineMs: options.sessionDeadlineMs,
    onHeard: () => database.dedicated.reconnectNow(),
    onLate: () => options.onLate?.(),
    onSilence: (error) => log.failure('the database does not answer look-ups of sessions', error),
  });
  database.dedicated.onOpen(() => lookups.reached());
  const sessions = createSessions({
    store,
    lookups,
    channel: cache && createSessionChannel(cache),
    use,
    listenToDatabase(onChange) {
      database.dedicated.open();
      database.listen(SESSIONS_CHANGED, onChange);
    },
    onFailure: (event, error) => log.failure(event, error),
  });
  const users = createUsers({
    store: createUserStore(database),
    onPermissionChange: (userId) => sessions.userChanged(userId),
    onSessionsEnded: (hashes) => sessions.ended(hashes),
  });

  const signIn = createSignIn({
    store: createCodeStore(database),
    isDeliverable: options.codesDeliverable,
    isDown,
  });

  return {
    database,
    cache,
    users,
    sessions,
    signIn,
    machines: createMachines(database, () => sessions.ended([])),
    async close() {
      lookups.close();
      await use?.close();
      cache?.close();
      await database.close();
    },
  };
}
