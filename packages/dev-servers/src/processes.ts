/** What the kernel says about a process: whether it is there, its children, the folder it works in. */
import { readdir, readFile, readlink } from 'node:fs/promises';
import { errorCode } from 'portal-shared/error-code';

/** The ids of the direct children of `pid`; a process that is gone has none, and neither has any on macOS. */
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
      if (errorCode(error) !== 'ESRCH') throw error;
    }
  }
}

/** Whether there is such a process, ours or not. */
export function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}

/** The folder that a process works in, as far as the kernel tells us. */
export function workingFolderOf(pid: number): Promise<string | undefined> {
  return readlink(`/proc/${pid}/cwd`).catch(() => undefined);
}

/** The processes of a program that work in `folder`; none where the kernel does not tell. */
export async function processesIn(folder: string, program: string): Promise<readonly number[]> {
  const pids = (await readdir('/proc').catch(() => [])).map(Number).filter(Number.isSafeInteger);
  const found = await Promise.all(
    pids.map(async (pid) => {
      if ((await workingFolderOf(pid)) !== folder) return undefined;
      const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
      return name.trim() === program ? pid : undefined;
    }),
  );
  return found.filter((pid) => pid !== undefined);
}
