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

/** Where the stores are, and how patiently they are asked. */
export interface StoresOptions {
  readonly databaseUrl: string;
  /** `undefined`: there is no Redis. */
  readonly redisUrl: string | undefined;
  readonly poolSize: number;
  /** Milliseconds to wait for a connection to PostgreSQL. */
  readonly connectTimeoutMs: number;
  /** Milliseconds that a command to Redis may take. */
  readonly commandTimeoutMs: number;
  /** Milliseconds that a look-up of a session waits for PostgreSQL. */
  readonly sessionDeadlineMs: number;
  /** Milliseconds that a session is remembered for the case that the database is away. */
  readonly sessionFallbackMs: number;
  /** Minutes that a session may be without use; 0, the default: for ever. */
  readonly sessionIdleMinutes?: number;
  /** Whether there is a way to bring a code to somebody who asks for it at the door. */
  readonly codesDeliverable: boolean;
  /** What the probe of a store says about it. */
  readonly isDown: (store: 'database' | 'cache') => boolean;
  /** Whether its probe says that the database is down, or has not been heard of for too long. */
  readonly isAway: () => boolean;
  /** Told of every look-up that was late: it is time that the probe looks. */
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
  /** Tokens of machines, to be made and ended; looked up they are with the sessions. */
  readonly machines: Machines;
  close(): Promise<void>;
}

/** Puts everything together; connections are made when they are needed. */
export function createStores(options: StoresOptions): Stores {
  const { log, isDown, redisUrl, sessionIdleMinutes: idleMinutes = 0 } = options;
  // Said at `debug` only: a store that fails says so through its probe, once, and a client that tries again and again
  // says it again and again.
  function onError(store: string): (error: unknown) => void {
    return (error) => log.debug('a connection broke', { store, cause: errorCode(error) });
  }

  const database = createDatabase({
    url: options.databaseUrl,
    poolSize: options.poolSize,
    connectTimeoutMs: options.connectTimeoutMs,
    onError: onError('database'),
    onPooler: () =>
      log.warn(
        'a pooler stands before the database: where it shares connections between clients, LISTEN tells nothing, and other processes’ changes of sessions are heard of by Redis alone',
      ),
  });
  const cache =
    redisUrl === undefined
      ? undefined
      : createCache({ url: redisUrl, commandTimeoutMs: options.commandTimeoutMs, onError: onError('cache') });

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
    isDown: () => isDown('database'),
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
