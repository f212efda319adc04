/** Where the kit keeps what it makes once (a template cluster, a Redis) and what it throws away. */
import { chmod, mkdtemp, realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const DATA_FOLDER = fileURLToPath(new URL('../../../.portal', import.meta.url));

/** Made once a checkout, used by every test run, safe to delete. */
export const CACHE_FOLDER = join(DATA_FOLDER, 'test-kit');

/** Where `npm start` keeps a Redis that it fetched, so that a checkout fetches one once. */
export const REDIS_FOLDER = join(DATA_FOLDER, 'redis');

/** A new folder for one server, through which the user that the server runs as can walk. */
export async function makeServerFolder(name: string): Promise<string> {
  const folder = await mkdtemp(join(await realpath(tmpdir()), `portal-${name}-`));
  await chmod(folder, 0o711);
  return folder;
}
