/**
 * Users and sessions over their two stores: what the service and the command line have in common.
 */
import { codeOf } from './error-code.js';
import { createCircuit } from './features/sessions/circuit.js';
import { createSessionCopies } from './features/sessions/copies.js';
import { createSessionMemory } from './features/sessions/memory.js';
import { createSessions, type Sessions } from './features/sessions/sessions.js';
import { createSessionStore, SESSIONS_CHANGED } from './features/sessions/store.js';
import { createSignIn, type SignIn } from './features/sign-in/sign-in.js';
import { createCodeStore } from './features/sign-in/store.js';
import { createUserStore } from './features/users/store.js';
import { createUsers, type Users } from './features/users/users.js';
import type { Log } from './platform/log.js';
import { createDatabase, type Database } from './platform/postgres.js';
import { createCache, type Cache } from './platform/redis.js';

/** Where the stores are, and how patiently they are asked. */
export interface RecordsOptions {
  readonly databaseUrl: string;
  /** `undefined`: there is no Redis. */
  readonly redisUrl: string | undefined;
  readonly poolSize: number;
  /** Milliseconds to wait for a connection to PostgreSQL. */
  readonly connectTimeoutMs: number;
  /** Milliseconds that a command to Redis may take. */
  readonly commandTimeoutMs: number;
  /** Milliseconds that a look-up of a session waits for both stores together. */
  readonly sessionDeadlineMs: number;
  /** Milliseconds that a session is remembered for the case that neither store answers. */
  readonly sessionMemoryMs: number;
  /** Whether there is a way to bring a code to somebody who asks for it at the door. */
  readonly codesDeliverable: boolean;
  /** What the probe of a store says about it. */
  readonly isDown: (store: 'database' | 'cache') => boolean;
  readonly log: Log;
}

/** Users, sessions, and the stores they lie in. */
export interface Records {
  readonly database: Database;
  readonly cache: Cache | undefined;
  readonly users: Users;
  readonly sessions: Sessions;
  readonly signIn: SignIn;
  close(): Promise<void>;
}

/** Puts everything together; connections are made when they are needed. */
export function createRecords(options: RecordsOptions): Records {
  const { log, isDown, redisUrl } = options;
  // Said at `debug` only: a store that fails says so through its probe, once, and a client that tries again and again
  // says it again and again.
  function onError(store: string): (error: unknown) => void {
    return (error) => log.debug('a connection broke', { store, cause: codeOf(error) });
  }

  const database = createDatabase({
    url: options.databaseUrl,
    poolSize: options.poolSize,
    connectTimeoutMs: options.connectTimeoutMs,
    onError: onError('database'),
  });
  const cache =
    redisUrl === undefined
      ? undefined
      : createCache({ url: redisUrl, commandTimeoutMs: options.commandTimeoutMs, onError: onError('cache') });

  const sessions = createSessions({
    record: { store: createSessionStore(database), circuit: createCircuit(() => isDown('database')) },
    copies: cache && { store: createSessionCopies(cache), circuit: createCircuit(() => isDown('cache')) },
    memory: createSessionMemory(options.sessionMemoryMs),
    listenToRecord: (onChange) => database.listen(SESSIONS_CHANGED, onChange),
    deadlineMs: options.sessionDeadlineMs,
    onFailure: (event, error) => log.failure(event, error),
  });
  const users = createUsers({
    store: createUserStore(database),
    onPermissionChange: (userId) => sessions.userChanged(userId),
  });

  const signIn = createSignIn({
    store: createCodeStore(database),
    deliverable: options.codesDeliverable,
    isDown: () => isDown('database'),
  });

  return {
    database,
    cache,
    users,
    sessions,
    signIn,
    async close() {
      cache?.close();
      await database.close();
    },
  };
}
