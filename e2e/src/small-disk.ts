/** A disk that can be filled: a file system of its own in memory, for which root is needed. */
import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm, statfs, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const SIZE = '256m';

export interface SmallDisk {
  readonly folder: string;
  /** Fills it up to some bytes; returns what frees them. */
  fill(leftBytes: number): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

export async function mountDisk(): Promise<SmallDisk> {
  const folder = await mkdtemp(join(tmpdir(), 'portal-small-disk-'));
  const filler = join(folder, 'filler');
  await run('mount', ['-t', 'tmpfs', '-o', `size=${SIZE},mode=0755`, 'tmpfs', folder]);
  await chmod(folder, 0o755);
  return {
    folder,
    async fill(leftBytes) {
      const { bavail, bsize } = await statfs(folder);
      await writeFile(filler, Buffer.alloc(Math.max(0, bavail * bsize - leftBytes)));
      return () => truncate(filler, 0);
    },
    async close() {
      await run('umount', ['--lazy', folder]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
