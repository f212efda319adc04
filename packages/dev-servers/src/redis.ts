/**
 * The cache when no REDIS_URL is given: a real Redis that this machine has or can fetch, for as long as we run.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openDataFolder } from './data-folder.js';
import { withFreePort } from './free-port.js';
import { chooseIdentity, uidFor } from './identity.js';
import { findRedisProgram } from './redis-program.js';
import { makePassword } from './password.js';
import { RedisNotStartedError, startRedisServer } from './redis-server.js';
import { supervise } from './supervisor.js';
import type { ServerProcess } from './server-process.js';

export interface EmbeddedRedis {
  /** With the password; for this process and its log at no level. */
  readonly url: string;
  /** Another one after it died and was started again, 5 s later and at the same URL. */
  readonly pid: number;
  /** Ends the server, within 3 s at the most. */
  close(): Promise<void>;
}

/** Where the Redis lives, and whether it may be fetched. */
export interface EmbeddedRedisOptions {
  /** The service's data folder; the Redis uses `redis` in it. */
  readonly dataDir: string;
  /** Whether a Redis may be fetched from the package sources of this machine when it has none. */
  readonly fetch: boolean;
  /**
   * Called with one sentence when a Redis is fetched, with one that says how to mend it when there is none, and when
   * it died and was started again.
   */
  readonly announce: (line: string) => void;
}

const STOP_GRACE_MS = 3_000;

/** It is a short-lived copy of what Postgres holds: when it is full, what was used least makes room. */
const SETTINGS = { maxmemory: '64mb', 'maxmemory-policy': 'allkeys-lru' };

/**
 * Starts a Redis at a free port of 127.0.0.1.
 *
 * @returns `undefined` when there is none to be had or it does not start, which was announced then: the service works
 * without a cache
 */
export async function startEmbeddedRedis({
  dataDir,
  fetch,
  announce,
}: EmbeddedRedisOptions): Promise<EmbeddedRedis | undefined> {
  let folder: string | undefined;
  try {
    const dataFolder = await openDataFolder(dataDir);
    const home = join(dataFolder, 'redis');
    await mkdir(home, { recursive: true, mode: 0o755 });
    const program = await findRedisProgram({ folder: home, fetch, announce });
    if (program === undefined) return undefined;
    const running = await mkdtemp(join(home, 'run-'));
    folder = running;
    const identity = await chooseIdentity({
      program: program.file,
      env: program.env,
      place: program.place,
      uid: await uidFor(dataFolder),
    });
    const password = makePassword();
    const start = (port: number): Promise<ServerProcess> =>
      startRedisServer({
        program,
        identity,
        folder: running,
        port,
        password,
        settings: SETTINGS,
        startTimeoutMs: 10_000,
        orphanSignal: 'TERM',
        orphanFolder: running,
      });
    const { port, server } = await withFreePort(
      async (candidate) => ({ port: candidate, server: await start(candidate) }),
      (error) => error instanceof RedisNotStartedError && error.portIsTaken,
    );
    const supervised = supervise({
      name: 'Redis',
      first: server,
      start: () => start(port),
      stop: (last) => last.stop('SIGTERM', STOP_GRACE_MS),
      announce,
    });
    return {
      url: `redis://:${password}@127.0.0.1:${port}`,
      get pid() {
        return supervised.pid();
      },
      async close() {
        await supervised.close();
        await rm(running, { recursive: true, force: true });
      },
    };
  } catch (error) {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
    announce(
      `${error instanceof Error ? error.message : String(error)} So there is no cache; REDIS_URL gives one.`,
    );
    return undefined;
  }
}
