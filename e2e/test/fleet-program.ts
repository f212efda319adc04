/**
 * An application with the library as a process of its own: one of the examples, or `fleet-app.js`. Killed, stopped and started
 * again; after each start it listens wherever there is room.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { waitFor } from 'portal-test-kit';

export interface Program {
  /** Where it listens, or did when it was killed. */
  readonly port: number;
  start(): Promise<void>;
  kill(): Promise<void>;
  signal(name: 'SIGSTOP' | 'SIGCONT'): void;
  /** Tells `fleet-app.js` how it is from now on. */
  tell(health: 'healthy' | 'degraded' | 'unhealthy'): void;
}

export interface ProgramOptions {
  readonly script: string;
  readonly environment?: Readonly<Record<string, string>>;
}

const START_MS = 120_000;

/** It is not started yet. */
export function createProgram({ script, environment = {} }: ProgramOptions): Program {
  let child: ChildProcess | undefined;
  let ended: Promise<unknown> | undefined;
  let port = 0;

  async function kill(): Promise<void> {
    child?.kill('SIGKILL');
    await ended;
    child = undefined;
  }

  return {
    get port() {
      return port;
    },
    async start() {
      if (child) return;
      const started = fork(script, {
        env: { PATH: process.env['PATH'], PORT: '0', ...environment },
        execArgv: [],
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      });
      child = started;
      ended = once(started, 'close');
      let said = '';
      let listening: string | undefined;
      for (const stream of [started.stdout, started.stderr]) {
        if (!stream) continue;
        createInterface(stream).on('line', (line) => {
          said += `${line}\n`;
          listening ??= /^Listening on http:\S+:(\d+)/.exec(line)?.[1];
        });
      }
      await waitFor(`${script} to listen`, () => listening !== undefined || started.exitCode !== null, {
        timeoutMs: START_MS,
      });
      if (listening === undefined) throw new Error(`${script} has ended:\n${said}`);
      port = Number(listening);
    },
    kill,
    signal: (name) => void child?.kill(name),
    tell: (health) => void child?.send(health),
  };
}
