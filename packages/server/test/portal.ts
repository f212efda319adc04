/**
 * The binary `portal` as a child process, in an environment of its own.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describeProcess, waitFor } from 'portal-test-kit';

/** The binary. */
export const MAIN = fileURLToPath(new URL('../src/main.js', import.meta.url));

/** How to run it. */
export interface PortalOptions {
  readonly cwd: string;
  /** The settings; of the environment of the test only `PATH` is passed on. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** What a command did. */
export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end. */
export async function runPortal(args: readonly string[], options: PortalOptions): Promise<Ended> {
  const running = start(args, options);
  const timer = setTimeout(() => running.child.kill('SIGKILL'), 60_000);
  await running.ended;
  clearTimeout(timer);
  return { exitCode: running.child.exitCode, ...running.output };
}

/** Starts a command that goes on until it is stopped. */
export function startPortal(
  args: readonly string[],
  options: PortalOptions,
): Pick<RunningPortal, 'output' | 'stop'> {
  const { child, output, ended } = start(args, options);
  return { output, stop: stopOf(child, ended) };
}

/** A service that runs. */
export interface RunningPortal {
  readonly pid: number;
  readonly url: string;
  /** What it has written so far. */
  readonly output: { readonly stdout: string; readonly stderr: string };
  /** The cookie of the line to paste; empty when none was printed. */
  readonly cookie: string;
  /** Sends a signal and waits for the end; gives the exit code, or the signal that ended it. */
  stop(signal?: NodeJS.Signals): Promise<number | NodeJS.Signals | null>;
}

/** Starts `portal serve` and waits until it listens; it must be stopped. */
export async function servePortal(options: PortalOptions): Promise<RunningPortal> {
  const environment = { PORT: '0', PORTAL_SHUTDOWN_GRACE_MS: '100', ...options.environment };
  const { child, output, ended } = start(['serve'], { ...options, environment });
  const { pid } = child;
  if (pid === undefined) throw new Error('The service did not start.');

  const stop = stopOf(child, ended);

  try {
    await waitFor(
      'a service that listens',
      () => {
        if (child.exitCode !== null || child.signalCode !== null) return true;
        // Two pipes: the log may be here before the lines that were printed before it.
        return output.stderr.includes('"msg":"listening"') && isPrinted(output.stdout);
      },
      { timeoutMs: 60_000 },
    );
    const url = /listening {2}(\S+)/.exec(output.stdout)?.[1];
    if (url === undefined)
      throw new Error(
        `The service ended (${child.exitCode ?? child.signalCode}):\n${output.stdout}${output.stderr}`,
      );
    return { pid, url, output, cookie: await cookieIn(output.stdout), stop };
  } catch (error) {
    const state = await describeProcess(pid);
    await stop('SIGKILL');
    throw new Error(`It said:\n${output.stdout}${output.stderr}\n${state}`, { cause: error });
  }
}

function stopOf(child: ChildProcess, ended: Promise<unknown>): RunningPortal['stop'] {
  return async (signal = 'SIGTERM') => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), 15_000);
    await ended;
    clearTimeout(timer);
    return child.exitCode ?? child.signalCode;
  };
}

/** All that a start prints; on the embedded database, its last line tells how to enter. */
function isPrinted(said: string): boolean {
  if (!/^listening {2}\S+\n/m.test(said)) return false;
  return /^database {3}DATABASE_URL$/m.test(said) || /^(curl |The user ).*\n/m.test(said);
}

/** Of the line to paste, whose token is in a file. */
async function cookieIn(said: string): Promise<string> {
  const file = /"psession=\$\(cat '?([^)']+)'?\)"/.exec(said)?.[1];
  return file === undefined ? '' : `psession=${(await readFile(file, 'utf8')).trim()}`;
}

function start(args: readonly string[], { cwd, environment = {} }: PortalOptions) {
  const child: ChildProcess = spawn(process.execPath, ['--enable-source-maps', MAIN, ...args], {
    cwd,
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text;
  });
  return { child, output, ended: once(child, 'close') };
}
