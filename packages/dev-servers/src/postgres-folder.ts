/** What lies in the data folder where the database is kept, and what it means when something is amiss. */
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errorCode } from 'portal-shared/error-code';
import { makePassword } from './password.js';
import { MAKING } from './postgres-cluster.js';

/** The release that the platform packages bring. */
const MAJOR = '18';

/**
 * Whether there is a database in `folder`.
 *
 * @throws an Error of one sentence when there is one that cannot be used
 */
export async function hasCluster(folder: string): Promise<boolean> {
  let version: string;
  try {
    version = (await readFile(join(folder, 'PG_VERSION'), 'utf8')).trim();
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' && !(await isThere(folder))) return false;
    const reason = code === 'ENOENT' ? 'it is not complete' : `it cannot be read (${code})`;
    throw unusable(folder, reason, error);
  }
  if (version === MAJOR) return true;
  throw unusable(folder, `it was made by Postgres ${version}, and this is Postgres ${MAJOR}`);
}

function isThere(folder: string): Promise<boolean> {
  return readdir(folder).then(
    () => true,
    () => false,
  );
}

/** That the database cannot be used, why, and what can be done. */
export function unusable(folder: string, reason: string, cause?: unknown): Error {
  return new Error(
    `The database in ${folder} cannot be used: ${reason}. Nothing in it was deleted; ` +
      'restore it from a backup, move it away to begin anew, or set PORTAL_DATA_DIR or DATABASE_URL.',
    { cause },
  );
}

/** The password of the database in `folder`, made before the database: there is never one without the other. */
export async function preparePassword(folder: string): Promise<string> {
  const file = `${folder}.password`;
  if (!(await isThere(folder))) {
    try {
      await writeFile(file, `${makePassword()}\n`, { mode: 0o600, flag: 'wx' });
    } catch (error) {
      // A start that was cut short made one, or somebody who starts here at the same time.
      if (errorCode(error) !== 'EEXIST') throw error;
    }
  }
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    throw unusable(folder, `its password in ${file} cannot be read (${errorCode(error)})`, error);
  }
}

/** Deletes what starts that were cut short left. For whoever has the folder's lock: then nobody is making anything. */
export async function deleteUnfinished(folder: string): Promise<void> {
  const home = dirname(folder);
  for (const name of await readdir(home)) {
    if (!name.startsWith(`${basename(folder)}${MAKING}`)) continue;
    // Whoever found the lock taken deletes its own at the same time.
    await rm(join(home, name), { recursive: true, force: true, maxRetries: 5 });
  }
}
