/**
 * The service as the binary that an operator runs, with an administrator's cookie.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describeProcess, waitFor } from 'portal-test-kit';

const MAIN = fileURLToPath(new URL('../../../packages/server/dist/src/main.js', import.meta.url));
const TICKS_PER_SECOND = 100;

/** A service that runs. */
export interface ServiceProcess {
  readonly url: string;
  readonly pid: number;
  /** Its log so far. */
  logged(): string;
  /** Memory that it has in RAM. */
  residentBytes(): Promise<number>;
  /** What it has computed so far. */
  cpuSeconds(): Promise<number>;
  /** Sends it a signal that it may well live on after. */
  signal(name: NodeJS.Signals): void;
  /** Ends it, also one that is stopped, and gives its exit code, or the signal that ended it. */
  stop(signal: NodeJS.Signals): Promise<number | NodeJS.Signals | null>;
}

export type Environment = Readonly<Record<string, string>>;

/**
 * For tests that ask more often than people do, and end it again and again. Who asks is none of their matters: on a busy
 * machine a session must not be refused because looking it up took longer than an operator should wait.
 */
export const WITHOUT_LIMITS = {
  PORTAL_SHUTDOWN_GRACE_MS: '0',
  PORTAL_SESSION_REQUESTS_PER_MINUTE: '0',
  PORTAL_SESSION_DEADLINE_MS: '5000',
} as const;

/**
 * Starts it in `cwd`; it must be stopped.
 *
 * @param prefix - words before the command, e.g. those that make it another user's
 */
export async function startServiceProcess(
  cwd: string,
  environment: Environment,
  prefix: readonly string[] = [],
): Promise<ServiceProcess> {
  const [program, ...args] = [...prefix, process.execPath, MAIN, 'serve'];
  const child = spawn(program, args, {
    cwd,
    env: { PATH: process.env['PATH'], PORT: '0', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close');
  let said = '';
  let log = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));

  async function stop(signal: NodeJS.Signals): Promise<number | NodeJS.Signals | null> {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      child.kill('SIGCONT');
    }
    const timer = setTimeout(() => child.kill('SIGKILL'), 15_000);
    await ended;
    clearTimeout(timer);
    return child.exitCode ?? child.signalCode;
  }

  // Printed whatever the level of the log.
  const listening = (): string | undefined => /listening {2}(\S+)\n/.exec(said)?.[1];
  try {
    const isOver = (): boolean => child.exitCode !== null || child.signalCode !== null;
    await waitFor('a service that listens', () => isOver() || listening() !== undefined, {
      timeoutMs: 180_000,
    });
    const url = listening();
    const { pid } = child;
    if (url === undefined || pid === undefined)
      throw new Error(`The service ended (${child.exitCode ?? child.signalCode}):\n${said}${log}`);
    return {
      url,
      pid,
      logged: () => log,
      async residentBytes() {
        const status = await readFile(`/proc/${pid}/status`, 'utf8');
        return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1_024;
      },
      async cpuSeconds() {
        const [, ...fields] = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
        return (Number(fields[10]) + Number(fields[11])) / TICKS_PER_SECOND;
      },
      signal: (name) => void child.kill(name),
      stop,
    };
  } catch (error) {
    const state = await describeProcess(child.pid);
    await stop('SIGKILL');
    throw new Error(`It said:\n${said}${log}\n${state}`, { cause: error });
  }
}

/** Runs a command of `portal`, and gives what it printed. */
export async function runPortalCommand(
  environment: Environment,
  ...args: readonly string[]
): Promise<string> {
  const env = { PATH: process.env['PATH'], ...environment };
  return (await promisify(execFile)(process.execPath, [MAIN, ...args], { env })).stdout;
}

/** The cookie of a new administrator. */
export async function newAdministrator(environment: Environment, name: string): Promise<string> {
  await runPortalCommand(environment, 'user', 'add', name, '--permission', 'Admin');
  const made = await runPortalCommand(environment, 'session', 'create', '--user', name);
  const cookie = /psession=[\w-]+/.exec(made)?.[0];
  if (cookie === undefined) throw new Error('No session was made.');
  return cookie;
}
