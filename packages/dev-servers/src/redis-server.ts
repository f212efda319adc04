/**
 * A Redis as such: started on a free port with a password nobody else knows, and nothing kept on disk.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { giveTo, reach, type ServerIdentity } from './identity.js';
import type { RedisProgram } from './redis-program.js';
import { type ServerProcess, type ServerProcessOptions, startServerProcess } from './server-process.js';

export interface RedisOptions extends Pick<ServerProcessOptions, 'orphanSignal' | 'orphanFolder'> {
  readonly program: RedisProgram;
  readonly identity: ServerIdentity;
  /** A folder for this server alone. */
  readonly folder: string;
  readonly port: number;
  /** `''` for none. */
  readonly password: string;
  readonly settings: Readonly<Record<string, string | number>>;
  readonly startTimeoutMs: number;
  /** What to wait for: that it answers, or only that it begins to read its data. */
  readonly until?: 'ready' | 'loading';
}

/** A Redis that did not start; `log` is what it said. */
export class RedisNotStartedError extends Error {
  override readonly name = 'RedisNotStartedError';
  readonly log: string;

  constructor(log: string) {
    super(`Redis did not start: ${log.trim().split('\n').at(-1) || 'it gave no reason'}.`);
    this.log = log;
  }

  /** Whether another process has the port. */
  get portIsTaken(): boolean {
    return this.log.includes('Address already in use');
  }
}

const MESSAGES = { ready: 'Ready to accept connections', loading: 'Server initialized' };

/**
 * Starts Redis and waits for it. The password goes by a file that only the server's user can read: a command line
 * can be read by everybody.
 *
 * @throws {RedisNotStartedError} when it ends instead, or takes longer than `startTimeoutMs`
 */
export async function startRedisServer(options: RedisOptions): Promise<ServerProcess> {
  const { folder, identity, port, password, program, startTimeoutMs, until = 'ready' } = options;
  const data = join(folder, 'data');
  const logFile = join(folder, 'log');
  const configuration = join(data, 'redis.conf');
  const user = reach(identity, program.place === undefined ? [data] : [data, program.place]);
  await mkdir(data, { recursive: true, mode: 0o700 });
  const settings = {
    bind: '127.0.0.1',
    port,
    dir: `"${user.seen(data)}"`,
    // A cache: what is lost with it is only slower the next time.
    save: '""',
    appendonly: 'no',
    ...(password === '' ? {} : { requirepass: password }),
    ...options.settings,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} ${value}\n`);
  await writeFile(configuration, lines.join(''), { mode: 0o600 });
  await giveTo(identity, configuration);
  await giveTo(identity, data);
  const server = await startServerProcess({
    ...options,
    identity: user,
    command: [user.seen(program.file), user.seen(configuration)],
    env: user.seenAll(program.env),
    logFile,
  });
  const deadlineMs = performance.now() + startTimeoutMs;
  // Its own words in a log of its own: another server at our port cannot be mistaken for it.
  while (!(await server.printed()).includes(MESSAGES[until])) {
    if (server.hasEnded()) {
      await server.wait();
      throw new RedisNotStartedError(await server.printed());
    }
    if (performance.now() > deadlineMs) {
      await server.stop('SIGTERM', 5_000);
      throw new RedisNotStartedError(`it was not ready within ${startTimeoutMs / 1000} s`);
    }
    await sleep(5);
  }
  return server;
}
