/** Signals to a server and its children: freezing, killing, and knowing when they are gone. */
import { readFile } from 'node:fs/promises';
import { waitFor } from './wait.js';

/** The ids of the direct children of `pid`, read from the kernel; a process that is gone has none. */
export async function childrenOf(pid: number): Promise<readonly number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return text.split(' ').filter(Boolean).map(Number);
}

/** Sends `signal` to processes, any of which may be gone already. */
export function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

/** Resolves when none of the processes runs any more; one that only waits to be reaped counts as gone. */
export async function waitUntilGone(pids: readonly number[]): Promise<void> {
  await waitFor(`processes ${pids.join(', ')} to end`, async () => {
    const running = await Promise.all(pids.map(isRunning));
    return !running.includes(true);
  });
}

/** Whether the process is there and more than a zombie. */
export async function isRunning(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The name in brackets may itself hold brackets and spaces.
  const state = stat.slice(stat.lastIndexOf(')') + 2)[0];
  return state !== undefined && state !== 'Z' && state !== 'X';
}
