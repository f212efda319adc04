/** The folder in which the embedded servers keep what is theirs. */
import { randomUUID } from 'node:crypto';
import { mkdir, realpath, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { codeOf } from '../error-code.js';

/**
 * Makes the folder if there is none, and makes sure that it can be written to.
 *
 * @returns its real path
 * @throws an Error of one sentence when it cannot
 */
export async function openDataFolder(dataDir: string): Promise<string> {
  const folder = resolve(dataDir);
  try {
    await makeFolder(folder);
    const real = await realpath(folder);
    // Tried, not asked for: root passes every question, and then finds the file system read-only.
    // A name of its own for each try: two servers may open the folder at once.
    const trial = join(real, `.writable-${randomUUID()}`);
    await writeFile(trial, '');
    await rm(trial);
    return real;
  } catch (error) {
    throw new Error(
      `The data folder ${folder} cannot be written to (${codeOf(error)}); set PORTAL_DATA_DIR to one that can.`,
      { cause: error },
    );
  }
}

/** One folder after the other: below /proc Node's own `recursive` goes round in circles for ever. */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT' || dirname(folder) === folder) throw error;
    await makeFolder(dirname(folder));
    await mkdir(folder);
  }
}
