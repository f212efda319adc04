/** Packages from the registry that tests need and the repository does not, installed once for each change of their list. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { npm, REPOSITORY } from './packed.js';

/** The folder, to make others in, with the `node_modules` of `manifest`, the text of a package.json. */
export async function installOnce(name: string, manifest: string): Promise<string> {
  const cache = join(REPOSITORY, '.portal/test-kit', name);
  const folder = join(cache, createHash('sha256').update(manifest).digest('hex').slice(0, 16));
  if (await isThere(folder)) return folder;
  await mkdir(cache, { recursive: true });
  const making = await mkdtemp(join(cache, 'making-'));
  await writeFile(join(making, 'package.json'), manifest);
  // Three versions of terminus want three of Nest; what they have in common will do.
  const quietly = ['--legacy-peer-deps', '--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund'];
  await npm(making, 'install', ...quietly);
  await rename(making, folder).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOTEMPTY')) throw error;
  });
  return folder;
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
