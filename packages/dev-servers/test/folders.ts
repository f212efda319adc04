/** Folders for the embedded servers of a test. */
import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { SCRATCH_FOLDER } from 'portal-test-kit/paths';

/** The data folder of this checkout, where a Redis that was fetched is kept for everybody. */
export const CHECKOUT_DATA = fileURLToPath(new URL('../../../../.portal', import.meta.url));

/** A new data folder, deleted after the test. */
export async function makeDataDir(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(SCRATCH_FOLDER, 'portal-embedded-'));
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  await chmod(folder, 0o755);
  return folder;
}

/** A data folder in which there is a database already: a copy of `seed`, owners included. */
export async function copyDataDir(t: TestContext, seed: string): Promise<string> {
  const dataDir = await makeDataDir(t);
  await promisify(execFile)('cp', ['-a', `${seed}/.`, dataDir]);
  return dataDir;
}
