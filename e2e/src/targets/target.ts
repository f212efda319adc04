/**
 * A process under test: started with its stores, used over HTTP, stopped by its id.
 */
import { spawn, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { waitFor } from 'portal-test-kit';

/** The library in an application of its own, or the whole service. */
export type TargetName = 'library' | 'service';

export interface TargetOptions {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  /** Folder of its source. */
  readonly source: string;
  readonly explain: boolean;
  readonly explainConnection: 'fresh' | 'kept';
  /** Of the application that embeds the library. */
  readonly nodeOptions: string;
  readonly logToFullDisk: boolean;
  /** Another one at the same database, whose sessions are good for this one too. */
  readonly loginsOf?: Target;
}

export interface Target {
  readonly name: TargetName;
  readonly pid: number;
  /** Without a slash at the end. */
  readonly url: string;
  /** Where administrators read the report. */
  readonly adminPath: string;
  /** Where they read why. */
  readonly reasonsPath: string;
  /** Headers `Cookie` of administrators who have been in. */
  readonly cookies: readonly string[];
  /** Header `Cookie` of somebody who has been in and is no administrator. */
  readonly personCookie?: string;
  /** What it has written to standard output and error since the last call. */
  takeOutput(): string;
  /** Sends a command to the application that embeds the library; the service takes none. */
  send(command: string): void;
  /** Sends a signal, waits for the end, and gives the exit code or the signal that ended it. */
  stop(signal: NodeJS.Signals): Promise<number | NodeJS.Signals | null>;
}

export interface Listening extends Pick<Target, 'pid' | 'url' | 'takeOutput' | 'send' | 'stop'> {
  readonly port: number;
}

/** A target ends with its parent, however that ends. */
const WITH_PARENT =
  'data:text/javascript,process.on("disconnect",()=>process.exit(1));process.channel.unref();';
const LISTENING = /listening +http:\/\/[^:]+:(\d+)/;
const START_MS = 90_000;
const STOP_MS = 15_000;

/** Starts a program of Node that prints `listening http://…`, in an environment of its own. */
export async function startListening(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  { logToFullDisk = false }: { readonly logToFullDisk?: boolean } = {},
): Promise<Listening> {
  const full = logToFullDisk ? openSync('/dev/full', 'w') : undefined;
  const stdio: StdioOptions = ['ignore', 'pipe', full ?? 'pipe', 'ipc'];
  const child = spawn(process.execPath, ['--enable-source-maps', '--import', WITH_PARENT, ...args], {
    env: { PATH: process.env['PATH'], ...environment },
    stdio,
  });
  const ended = once(child, 'exit');
  if (full !== undefined) closeSync(full);
  let output = '';
  let first = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (first.length < 10_000) first += text;
    });
  }

  async function stop(signal: NodeJS.Signals): Promise<number | NodeJS.Signals | null> {
    if (child.exitCode === null && child.signalCode === null) {
      // A process that was halted by SIGSTOP reacts to no other signal before this.
      child.kill('SIGCONT');
      child.kill(signal);
    }
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await ended;
    clearTimeout(timer);
    return child.exitCode ?? child.signalCode;
  }

  try {
    await waitFor(
      'a process that listens',
      () => {
        if (child.exitCode !== null || child.signalCode !== null) throw new Error(`It ended: ${first}`);
        return LISTENING.test(first);
      },
      { timeoutMs: START_MS },
    );
    const port = Number(LISTENING.exec(first)?.[1]);
    return {
      pid: child.pid ?? 0,
      port,
      url: `http://127.0.0.1:${port}`,
      takeOutput() {
        const taken = output;
        output = '';
        return taken;
      },
      // One that has ended takes none, which the limits of its scenario report.
      send: (command) => void (child.connected && child.send(command, () => undefined)),
      stop,
    };
  } catch (error) {
    await stop('SIGKILL');
    throw new Error(`${String(error)} It said: ${first}`, { cause: error });
  }
}
