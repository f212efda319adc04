/**
 * Programs for the tests that a machine may lack, out of Debian's packages: unpacked into a folder of the checkout and
 * not installed, so that it takes no root and changes nothing else.
 */
import { delimiter, join } from 'node:path';
import {
  canFetch,
  fetchPackage,
  findInstalled,
  libraryEnvironment,
  reasonOf,
} from 'portal-dev-servers/debian-package';
import { CACHE_FOLDER } from './paths.js';

/** Large ones are hundreds of megabytes. */
const LIMIT_S = 300;

/**
 * Fetches a package once a checkout; other test files wait meanwhile.
 *
 * @returns the folder that is its root
 * @throws an Error that names the package: a test that needs it fails
 */
export async function fetchAptPackage({
  name,
  withDependencies,
}: {
  readonly name: string;
  /** Whether also what it needs and the machine lacks. */
  readonly withDependencies: boolean;
}): Promise<string> {
  if (!(await canFetch())) {
    throw new Error(`${name} is not installed and cannot be fetched: this is no Debian or Ubuntu.`);
  }
  const place = join(CACHE_FOLDER, name);
  try {
    await fetchPackage({ folder: place, names: [name], withDependencies, limitS: LIMIT_S });
  } catch (error) {
    throw new Error(`${name} could not be fetched (${reasonOf(error)}); install it.`, { cause: error });
  }
  return place;
}

/** Our own environment, but one in which these are found: Debian's packages with a program of the same name. */
export async function environmentWithPackages(...names: readonly string[]): Promise<NodeJS.ProcessEnv> {
  const programs = [process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin'];
  const libraries = [process.env['LD_LIBRARY_PATH'] ?? []].flat();
  for (const name of names) {
    if ((await findInstalled(name)) !== undefined) continue;
    const place = await fetchAptPackage({ name, withDependencies: true });
    programs.push(join(place, 'usr', 'bin'));
    libraries.push(...Object.values(await libraryEnvironment(place)));
  }
  return {
    ...process.env,
    PATH: programs.join(delimiter),
    ...(libraries.length === 0 ? {} : { LD_LIBRARY_PATH: libraries.join(delimiter) }),
  };
}
