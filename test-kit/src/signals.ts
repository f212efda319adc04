/** Knowing when processes are gone. */
import { readFile } from 'node:fs/promises';
import { waitFor } from './wait.js';

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
