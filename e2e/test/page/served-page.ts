/**
 * The whole service for a browser to look at: the binary on real stores, with a history and a source of its own, and
 * the command line beside it.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres, startRedis, type PostgresServer, type RedisServer } from 'portal-test-kit';
import { runPortalCommand, startServiceProcess } from '../service-process.js';

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
  /** Ends the service alone. */
  stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Starts it again with the same data, at the same address. */
  start(): Promise<void>;
  close(): Promise<void>;
}

/** What comes before the start. */
export interface ServedPageOptions {
  /** May fill the folder of the history. */
  readonly prepare?: (dataDir: string) => Promise<void>;
  /** Settings besides. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Starts it; it must be closed. Settings are those that an operator gets. */
export async function servePage({ prepare, settings = {} }: ServedPageOptions = {}): Promise<ServedPage> {
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
      DATABASE_URL: await postgres.createDatabase(),
      REDIS_URL: redis.url,
      PORTAL_DATA_DIR: dataDir,
      PORTAL_SOURCE_ROOT: source,
      PORTAL_LOG_LEVEL: 'warn',
      ...settings,
    };
    if (prepare) {
      // The file is made by the service itself, which must not be running while it is filled.
      await (await startServiceProcess(folder, environment)).stop('SIGTERM');
      await prepare(dataDir);
    }
    let service = await startServiceProcess(folder, environment);
    undo.push(() => service.stop('SIGTERM'));
    const { url } = service;
    const portal = (...args: string[]): Promise<string> => runPortalCommand(environment, ...args);
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
      signal: (name) => service.signal(name),
      async stop(signal) {
        await service.stop(signal);
      },
      async start() {
        service = await startServiceProcess(folder, { ...environment, PORT: new URL(url).port });
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
