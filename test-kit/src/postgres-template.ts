/** The cluster that every test's cluster is a copy of: `initdb` takes 0.7 s, a copy less than 0.1 s. */
import { execFile } from 'node:child_process';
import { access, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { chooseIdentity, type ServerIdentity } from 'portal-dev-servers/identity';
import { findPostgresBinaries, type PostgresBinaries } from 'portal-dev-servers/postgres-binaries';
import { makeCluster, type Toolbox } from 'portal-dev-servers/postgres-cluster';
import { CACHE_FOLDER } from './paths.js';

const run = promisify(execFile);

/** The superuser's password in every cluster of the kit. */
export const PASSWORD = 'test-kit';

/** The programs, and a user that can reach them and `folder`. */
export async function openToolbox(folder: string): Promise<Toolbox> {
  await mkdir(CACHE_FOLDER, { recursive: true });
  const binaries = await findPostgresBinaries(join(CACHE_FOLDER, 'links'));
  return { binaries, identity: await identityFor(binaries, folder) };
}

/** Puts a fresh cluster into `folder`, which must not exist yet. */
export async function copyTemplate(toolbox: Toolbox, folder: string): Promise<void> {
  const template = await makeTemplate(toolbox);
  // `cp`, because it is five times as fast as Node's own for a thousand small files.
  await run('cp', ['-a', template, folder]);
}

async function makeTemplate(toolbox: Toolbox): Promise<string> {
  const manifest = await readFile(join(dirname(toolbox.binaries.root), 'package.json'), 'utf8');
  const { version } = JSON.parse(manifest) as { version: string };
  const template = join(CACHE_FOLDER, `postgres-${version}`);
  if (await exists(template)) return template;
  const making = `${template}-${process.pid}`;
  // Whoever can reach a server's folder need not reach the cache.
  const identity = await identityFor(toolbox.binaries, CACHE_FOLDER);
  try {
    await makeCluster(
      { ...toolbox, identity },
      { folder: making, password: PASSWORD, args: ['--no-sync', '--wal-segsize=1'] },
    );
    await rename(making, template);
  } catch (error) {
    await rm(making, { recursive: true, force: true });
    // Another test file was faster, and its template is as good.
    if (!(await exists(template))) throw error;
  }
  return template;
}

function identityFor({ postgres, env }: PostgresBinaries, folder: string): Promise<ServerIdentity> {
  return chooseIdentity({ program: postgres, env, folder });
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
