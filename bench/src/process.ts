/** Contenders as processes: one each, so that memory and processor time are its own. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Usage } from './servers/contender.js';

export interface RunningContender {
  readonly port: number;
  usage(): Promise<Usage>;
  close(): Promise<void>;
}

/** Starts `servers/<name>.js` with `env`, and waits until it listens. */
export async function startContender(
  name: string,
  env: Readonly<Record<string, string>>,
  execArgv: readonly string[] = [],
): Promise<RunningContender> {
  const child = fork(fileURLToPath(new URL(`servers/${name}.js`, import.meta.url)), {
    env: { ...process.env, ...env },
    execArgv: [...execArgv],
  });
  const ended = once(child, 'exit');
  const { port } = (await message(child, name)) as { port: number };
  return {
    port,
    async usage() {
      child.send('usage');
      return (await message(child, name)) as Usage;
    },
    async close() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function message(child: ChildProcess, name: string): Promise<unknown> {
  const ended = new AbortController();
  const died = once(child, 'exit', { signal: ended.signal }).then(() => {
    throw new Error(`The contender ${name} ended before it sent anything.`);
  });
  try {
    const [received] = (await Promise.race([once(child, 'message'), died])) as unknown[];
    return received;
  } finally {
    died.catch(() => undefined);
    ended.abort();
  }
}
