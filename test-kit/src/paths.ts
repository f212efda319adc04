/** Where the kit keeps what it makes once (a template cluster, a Redis) and what it throws away. */
import { realpathSync, statfsSync } from 'node:fs';
import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const DATA_FOLDER = fileURLToPath(new URL('../../../.portal', import.meta.url));

/** Made once a checkout, used by every test run, safe to delete. */
export const CACHE_FOLDER = join(DATA_FOLDER, 'test-kit');

/** Where `npm start` keeps a Redis that it fetched, so that a checkout fetches one once. */
export const REDIS_FOLDER = join(DATA_FOLDER, 'redis');

const MEMORY = '/dev/shm';
/** Every server at work has some 100 MB at most, and a test file a few servers. */
const ENOUGH_BYTES = 2 * 1024 ** 3;

/**
 * Where what a test throws away lies: in memory, where a server starts in two thirds of the time and no disk is worn,
 * unless there is too little of it or `TMPDIR` says otherwise. Nothing in it may be a program: memory may forbid that.
 */
export const SCRATCH_FOLDER = chooseScratchFolder();

function chooseScratchFolder(): string {
  if (process.env['TMPDIR'] === undefined) {
    try {
      const { bavail, bsize } = statfsSync(MEMORY);
      if (bavail * bsize >= ENOUGH_BYTES) return MEMORY;
    } catch {
      // Not on this system.
    }
  }
  return realpathSync(tmpdir());
}

/** A new folder for one server, through which the user that the server runs as can walk. */
export async function makeServerFolder(name: string, place = SCRATCH_FOLDER): Promise<string> {
  const folder = await mkdtemp(join(place, `portal-${name}-`));
  await chmod(folder, 0o711);
  return folder;
}
