/**
 * Where the tarballs of packages are to be had, by the digests that the lock file has: npm's cache, folders of
 * tarballs, the project itself. Nothing is asked of a network.
 */
import { hash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemCode } from 'portal-shared/error-code';
import type { ManifestEntry } from '../scan/manifest.js';
import type { LockedPackage } from './locked.js';
import { listTarball } from './tarball.js';

export interface Tarballs {
  /** The files of a package, or why they cannot be had. */
  files(locked: LockedPackage): readonly ManifestEntry[] | string;
}

/**
 * @param root - folder of the lock file
 * @param cache - folder of npm's cache, e.g. `~/.npm/_cacache`
 * @param folders - of `.tgz` files, as `npm pack` writes them
 */
export function findTarballs(root: string, cache: string, folders: readonly string[] = []): Tarballs {
  const listed = new Map<string, readonly ManifestEntry[] | string>();
  let loose: ReadonlyMap<string, string> | undefined;

  function bytesOf({ tarball, file }: LockedPackage): Buffer | string | undefined {
    const cached = join(
      cache,
      'content-v2/sha512',
      tarball.slice(0, 2),
      tarball.slice(2, 4),
      tarball.slice(4),
    );
    const bytes = readIf(cached);
    if (bytes) return hash('sha512', bytes, 'hex') === tarball ? bytes : 'is damaged in the cache of npm';
    loose ??= digestsIn(folders);
    const found = loose.get(tarball) ?? (file === undefined ? undefined : join(root, file));
    const other = found === undefined ? undefined : readIf(found);
    if (other && hash('sha512', other, 'hex') !== tarball) return 'is another one than the lock file says';
    return other;
  }

  return {
    files(locked) {
      const known = listed.get(locked.tarball);
      if (known) return known;
      const bytes = bytesOf(locked);
      const files = typeof bytes === 'object' ? filesOf(bytes) : (bytes ?? notThere(locked));
      listed.set(locked.tarball, files);
      return files;
    },
  };
}

/** A tarball of the registry has the same bytes whoever fetched it. */
function notThere({ id }: LockedPackage): string {
  return `is not in the cache of npm${id === undefined ? '' : `: \`npm cache add ${id}\` puts it there`}`;
}

function filesOf(bytes: Buffer): readonly ManifestEntry[] | string {
  try {
    return listTarball(bytes);
  } catch {
    return 'has a tarball that cannot be read';
  }
}

function readIf(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES', 'EISDIR'].includes(systemCode(error))) return undefined;
    throw error;
  }
}

function digestsIn(folders: readonly string[]): ReadonlyMap<string, string> {
  const digests = new Map<string, string>();
  for (const folder of folders.filter((one) => existsSync(one))) {
    for (const name of readdirSync(folder).filter((entry) => entry.endsWith('.tgz'))) {
      const file = join(folder, name);
      digests.set(hash('sha512', readFileSync(file), 'hex'), file);
    }
  }
  return digests;
}
