/**
 * A real Redis to break on purpose.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { withFreePort } from 'portal-dev-servers/free-port';
import { chooseIdentity } from 'portal-dev-servers/identity';
import { findRedisProgram } from 'portal-dev-servers/redis-program';
import { RedisNotStartedError, startRedisServer } from 'portal-dev-servers/redis-server';
import { signalAll } from 'portal-dev-servers/processes';
import type { ServerProcess } from 'portal-dev-servers/server-process';
import { makeServerFolder, REDIS_FOLDER } from './paths.js';

/** A running Redis. A method resolves when the server has done it. */
export interface RedisServer {
  /** With the password of the start, whatever it is now. */
  readonly url: string;
  readonly port: number;
  /** Another one after `restart`. */
  readonly pid: number;
  /** Runs one command over a connection made for it, e.g. `command('CLIENT', 'PAUSE', 1000)`. */
  command(name: string, ...args: readonly (string | number)[]): Promise<unknown>;
  /**
   * How often each command was called since the start or `CONFIG RESETSTAT`, by whomever, under the server's own
   * names (`get`, `client|setinfo`). This very question is not among them.
   */
  calls(): Promise<ReadonlyMap<string, number>>;
  /** Stops the process where it is (SIGSTOP); the kernel still accepts connections for it. */
  freeze(): void;
  thaw(): void;
  /** Asks for this password from now on, and ends every connection: NOAUTH without one, WRONGPASS with another. */
  requirePassword(password: string): Promise<void>;
  /** Refuses writes for lack of memory (OOM); `false` ends it. */
  outOfMemory(on: boolean): Promise<void>;
  /** Refuses writes as a replica does (READONLY); `false` ends it. */
  readOnly(on: boolean): Promise<void>;
  /** Takes every connection there is: the next is refused for `maxclients`. Returns its end. */
  fillConnections(): Promise<() => Promise<void>>;
  /** SIGKILL; what was in it is lost. */
  kill(): Promise<void>;
  /** Starts it again, empty, at the same port, whether or not it still runs. */
  restart(): Promise<void>;
  /** Like `restart`, but reading data for a minute, which it answers with LOADING until `finishLoading`. */
  restartLoading(): Promise<void>;
  finishLoading(): Promise<void>;
  /** Ends it, frozen or not, and deletes its data. */
  close(): Promise<void>;
}

export interface StartRedisOptions {
  /** `''`, the default, for none. */
  readonly password?: string;
  /** Settings of Redis besides the kit's own, e.g. `{ maxmemory: '10mb' }`. */
  readonly settings?: Readonly<Record<string, string | number>>;
}

/** 3,000 keys at 20 ms: a minute of LOADING. It answers after every 1,024 bytes, thus after every key as long. */
const LOADING = {
  keys: 3_000,
  settings: { 'key-load-delay': 20_000, 'loading-process-events-interval-bytes': 1_024 },
};

/** Starts a Redis for a test file, in less than 0.1 s; the very first of a checkout may have to fetch one. */
export async function startRedis({
  password = '',
  settings = {},
}: StartRedisOptions = {}): Promise<RedisServer> {
  const folder = await makeServerFolder('redis');
  try {
    return await start(folder, password, { 'enable-debug-command': 'local', ...settings });
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

async function start(
  folder: string,
  initialPassword: string,
  settings: Readonly<Record<string, string | number>>,
): Promise<RedisServer> {
  const said: string[] = [];
  const program = await findRedisProgram({
    folder: REDIS_FOLDER,
    fetch: true,
    announce: (line) => said.push(line),
  });
  if (program === undefined) throw new Error(said.at(-1));
  const identity = await chooseIdentity({ program: program.file, env: program.env, folder });
  let password = initialPassword;
  const { port, server: first } = await withFreePort(
    async (candidate) => ({ port: candidate, server: await launch(candidate) }),
    (error) => error instanceof RedisNotStartedError && error.portIsTaken,
  );
  let server = first;

  function launch(at: number, more: Readonly<Record<string, string | number>> = {}): Promise<ServerProcess> {
    return startRedisServer({
      program: program ?? { file: '', env: {} },
      identity,
      folder,
      port: at,
      password,
      settings: { ...settings, ...more },
      until: 'key-load-delay' in more ? 'loading' : 'ready',
      startTimeoutMs: 20_000,
      orphanSignal: 'KILL',
      orphanFolder: folder,
    });
  }

  const open = (): Redis => clientOf(port, password);

  async function command(name: string, ...args: readonly (string | number)[]): Promise<unknown> {
    const client = open();
    try {
      await client.connect();
      return await client.call(name, ...args);
    } finally {
      client.disconnect();
    }
  }

  async function restart(more: Readonly<Record<string, string | number>> = {}): Promise<void> {
    await server.stop('SIGKILL', 0);
    if (!('key-load-delay' in more)) await rm(join(folder, 'data', 'dump.rdb'), { force: true });
    password = initialPassword;
    server = await launch(port, more);
  }

  return {
    url: `redis://${initialPassword === '' ? '' : `:${encodeURIComponent(initialPassword)}@`}127.0.0.1:${port}`,
    port,
    get pid() {
      return server.pid;
    },
    command,
    calls: async () => callsIn(String(await command('INFO', 'commandstats'))),
    freeze: () => signalAll([server.pid], 'SIGSTOP'),
    thaw: () => signalAll([server.pid], 'SIGCONT'),
    async requirePassword(next) {
      await command('CONFIG', 'SET', 'requirepass', next);
      password = next;
      await command('CLIENT', 'KILL', 'TYPE', 'normal');
    },
    async outOfMemory(on) {
      await command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
      await command('CONFIG', 'SET', 'maxmemory', on ? 1 : 0);
    },
    async readOnly(on) {
      // Of a master that nobody is: port 1 is closed.
      await (on ? command('REPLICAOF', '127.0.0.1', 1) : command('REPLICAOF', 'NO', 'ONE'));
    },
    async fillConnections() {
      await command('CONFIG', 'SET', 'maxclients', 16);
      return fillConnections(open);
    },
    async kill() {
      await server.stop('SIGKILL', 0);
    },
    restart: () => restart(),
    async restartLoading() {
      await command('DEBUG', 'POPULATE', LOADING.keys, 'key', 2_048);
      await command('CONFIG', 'SET', 'rdbcompression', 'no');
      await command('SAVE');
      await restart(LOADING.settings);
    },
    async finishLoading() {
      await command('CONFIG', 'SET', 'key-load-delay', 0);
    },
    async close() {
      await server.stop('SIGKILL', 0);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function clientOf(port: number, password: string): Redis {
  const client = new Redis({
    host: '127.0.0.1',
    port,
    ...(password === '' ? {} : { password }),
    lazyConnect: true,
    // As it is, not as a client would like it to be: no waiting for LOADING to end, no second try.
    enableReadyCheck: false,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
  });
  // Whoever asks gets the error from what was asked.
  client.on('error', () => undefined);
  return client;
}

function callsIn(stats: string): ReadonlyMap<string, number> {
  const calls = stats.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm);
  return new Map(Array.from(calls, ([, name = '', count]) => [name, Number(count)]));
}

/** Until the next one is refused. Returns its end. */
async function fillConnections(open: () => Redis): Promise<() => Promise<void>> {
  const clients: Redis[] = [];
  // As with Postgres: full only when it has been full for a while.
  for (let refusals = 0; refusals < 5;) {
    const client = open();
    try {
      await client.connect();
      await client.call('PING');
      refusals = 0;
      clients.push(client);
    } catch {
      client.disconnect();
      refusals += 1;
      await sleep(50);
    }
  }
  return async () => {
    await clients[0]?.call('CONFIG', 'SET', 'maxclients', 1000);
    for (const client of clients) client.disconnect();
  };
}
