/**
 * The whole service for a browser to look at: the binary on real stores, with a history and a source of its own, and
 * the command line beside it.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startPostgres, startRedis, waitFor, type PostgresServer, type RedisServer } from 'portal-test-kit';

const MAIN = fileURLToPath(new URL('../../../../packages/server/dist/src/main.js', import.meta.url));
const START_MS = 60_000;

export interface ServedPage {
  /** Without a slash at the end. */
  readonly url: string;
  readonly postgres: PostgresServer;
  readonly redis: RedisServer;
  /** Folder of the source that the service watches; `main.js` is in it. */
  readonly source: string;
  /** Runs a command and gives what it printed. */
  portal(...args: string[]): Promise<string>;
  /** A link that signs a new user of this level in, once. */
  link(name: string, permission: string): Promise<string>;
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
  close(): Promise<void>;
}

/** What comes before the start. */
export interface ServedPageOptions {
  /** May fill the folder of the history. */
  readonly prepare?: (dataDir: string) => Promise<void>;
}

/** Starts it; it must be closed. Settings are those that an operator gets. */
export async function servePage({ prepare }: ServedPageOptions = {}): Promise<ServedPage> {
  const undo: (() => unknown)[] = [];
  const close = async (): Promise<void> => {
    for (const step of undo.splice(0).toReversed()) await step();
  };
  try {
    const folder = await mkdtemp(join(tmpdir(), 'portal-page-'));
    undo.push(() => rm(folder, { recursive: true, force: true }));
    const source = join(folder, 'source');
    const dataDir = join(folder, 'data');
    await mkdir(source);
    await mkdir(dataDir);
    await writeFile(join(source, 'main.js'), 'export const answer = 42;\n');
    const [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
    undo.push(() => Promise.all([postgres.close(), redis.close()]));
    const environment = {
      PATH: process.env['PATH'],
      DATABASE_URL: await postgres.createDatabase(),
      REDIS_URL: redis.url,
      PORTAL_DATA_DIR: dataDir,
      PORTAL_SOURCE_ROOT: source,
      PORTAL_LOG_LEVEL: 'warn',
      PORT: '0',
    };
    if (prepare) {
      // The file is made by the service itself, which must not be running while it is filled.
      await (await run(folder, environment)).stop();
      await prepare(dataDir);
    }
    const service = await run(folder, environment);
    undo.push(service.stop);
    const { url, child } = service;
    const portal = async (...args: string[]): Promise<string> =>
      (await promisify(execFile)(process.execPath, [MAIN, ...args], { cwd: folder, env: environment }))
        .stdout;
    return {
      url,
      postgres,
      redis,
      source,
      portal,
      async link(name, permission) {
        await portal('user', 'add', name, '--permission', permission);
        const code = /#code=(\w+)/.exec(await portal('login-code', 'create', '--user', name))?.[1];
        if (code === undefined) throw new Error('There is no code in what the command printed.');
        return `${url}/#code=${code}`;
      },
      signal: (name) => void child.kill(name),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The service as a process, listening. */
async function run(cwd: string, env: NodeJS.ProcessEnv) {
  const child = spawn(process.execPath, ['--enable-source-maps', MAIN, 'serve'], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const listening = (): string | undefined => /listening +(http:\S+)/.exec(output)?.[1];
  const stop = async (): Promise<void> => {
    child.kill('SIGCONT');
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 15_000);
    if (child.exitCode === null && child.signalCode === null) await ended;
    clearTimeout(timer);
  };
  try {
    await waitFor('a service that listens', () => listening() !== undefined || child.exitCode !== null, {
      timeoutMs: START_MS,
    });
    const url = listening();
    if (url === undefined) throw new Error(`The service ended: ${output}`);
    return { url, child, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
