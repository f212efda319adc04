/** An application under `portal-health/auto`, as a process of its own: what it says, and what its health says. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { waitFor } from 'portal-test-kit';
import type { Report } from 'portal-health';

/** An application that runs. */
export interface App {
  /** What it has printed, on both streams. */
  said(): string;
  /** The lines of ours. */
  lines(): string[];
  /** Where its health is served, once it is. */
  url(): Promise<string>;
  report(): Promise<Report & { readonly httpStatus: number }>;
  exit(): Promise<number | null>;
}

/** How it is started. */
export interface AppOptions {
  /** The folder in which it lies and runs. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Default: as the README has it. */
  readonly args?: readonly string[];
}

/** Runs `work` with an application of its own, and ends it. */
export async function withApp(
  file: string,
  work: (app: App) => Promise<void>,
  { args = ['--import', 'portal-health/auto'], env, cwd }: AppOptions,
): Promise<void> {
  const child = spawn(process.execPath, [...args, join(cwd, file)], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit');
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    createInterface(stream).on('line', (line) => (said += `${line}\n`));
  }
  const urlIn = (): string | undefined => /^portal-health: (http:\S+)\/health /m.exec(said)?.[1];
  const app: App = {
    said: () => said,
    lines: () => said.split('\n').filter((line) => line.startsWith('portal-health:')),
    async url() {
      await waitFor('its health to be served', () => urlIn() !== undefined || child.exitCode !== null, {
        timeoutMs: 30_000,
      });
      return urlIn() ?? assert.fail(said);
    },
    async report() {
      const response = await fetch(`${await app.url()}/health`);
      return { ...((await response.json()) as Report), httpStatus: response.status };
    },
    async exit() {
      const [code] = (await ended) as [number | null];
      return code;
    },
  };
  try {
    await work(app);
  } catch (error) {
    throw new Error(`${file} failed. It said:\n${said}`, { cause: error });
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
}

export async function becomes(app: App, status: Report['status']): ReturnType<App['report']> {
  await waitFor(`it to be ${status}`, async () => (await app.report()).status === status, {
    timeoutMs: 20_000,
    everyMs: 100,
  });
  return app.report();
}

export async function metrics(app: App): Promise<string> {
  return (await fetch(`${await app.url()}/metrics`)).text();
}
