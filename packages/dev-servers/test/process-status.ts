/** What the kernel says of a running process. */
import { readFile } from 'node:fs/promises';

/** The fields of one line of `/proc/PID/status`. */
export async function statusOf(pid: number, key: string): Promise<readonly string[]> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const line = status.split('\n').find((text) => text.startsWith(`${key}:`));
  return line?.split(/\s+/).slice(1) ?? [];
}

/** The user that a process is in its own eyes: below a folder that is closed, ours are in a user namespace. */
export async function userOf(pid: number): Promise<number | undefined> {
  const [seenByUs] = await statusOf(pid, 'Uid');
  const map = await readFile(`/proc/${pid}/uid_map`, 'utf8');
  for (const line of map.trim().split('\n')) {
    const [inside = 0, outside = 0, count = 0] = line.trim().split(/\s+/).map(Number);
    const offset = Number(seenByUs) - outside;
    if (offset >= 0 && offset < count) return inside + offset;
  }
  return undefined;
}
