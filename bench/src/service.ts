/**
 * The whole service as an operator runs it: the binary, on the stores of the benchmark, with an administrator in it.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';

const MAIN = join(
  dirname(createRequire(import.meta.url).resolve('portal-server/package.json')),
  'dist/src/main.js',
);

export interface RunningService {
  readonly port: number;
  readonly pid: number;
  /** The session token of an administrator. */
  readonly session: string;
  close(): Promise<void>;
}

/** Starts `portal serve` with `settings` at a free port, and makes a user and a session with its own commands. */
export async function startBenchService(settings: Readonly<Record<string, string>>): Promise<RunningService> {
  const env = {
    PATH: process.env['PATH'],
    PORT: '0',
    PORTAL_LOG_LEVEL: 'warn',
    PORTAL_SESSION_REQUESTS_PER_MINUTE: '0',
    ...settings,
  };
  const child = spawn(process.execPath, [MAIN, 'serve'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  try {
    const port = await listeningPort(child.stdout);
    const portal = async (...args: string[]): Promise<string> =>
      (await promisify(execFile)(process.execPath, [MAIN, ...args], { env })).stdout;
    await portal('user', 'add', 'bench', '--permission', 'Admin');
    const [, session] = /psession=([\w-]+)/.exec(await portal('session', 'create', '--user', 'bench')) ?? [];
    if (session === undefined) throw new Error('The command printed no session.');
    return {
      port,
      pid: child.pid ?? Number.NaN,
      session,
      async close() {
        child.kill('SIGTERM');
        await ended;
      },
    };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

async function listeningPort(output: Readable): Promise<number> {
  let text = '';
  // The output is drained afterwards: a full pipe would stop the service.
  for await (const chunk of output.iterator({ destroyOnReturn: false })) {
    text += String(chunk);
    const [, port] = /listening +http:\/\/[^:]+:(\d+)/.exec(text) ?? [];
    if (port === undefined) continue;
    output.resume();
    return Number(port);
  }
  throw new Error('The service ended before it listened.');
}
