/**
 * The list of all files of all packages, made once at build: by the tarballs that the lock file has the digests of, and
 * as they lie there where it has none.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { hashTree } from '../scan/hash-tree.js';
import type { ManifestEntry } from '../scan/manifest.js';
import { createScope } from '../scan/scope.js';
import { folderOf, type LockedPackage, type LockFile, type UncoveredPackage } from './locked.js';
import type { Tarballs } from './tarballs.js';

export interface DependencyList {
  /** Every file, by its path from the folder of the lock file. */
  readonly entries: readonly ManifestEntry[];
  /** Packages that nothing is known of. */
  readonly uncovered: readonly UncoveredPackage[];
  /** Packages that were listed as they lie there, and why. */
  readonly asBuilt: readonly UncoveredPackage[];
}

/**
 * @param root - folder of the lock file: an optional package that is not installed there is not looked for
 * @param asBuilt - paths of packages to list as they lie there, such as patched ones
 */
export function listDependencies(
  lock: LockFile,
  root: string,
  tarballs: Tarballs,
  asBuilt: readonly string[] = [],
): DependencyList {
  const uncovered: UncoveredPackage[] = [];
  const built: UncoveredPackage[] = [];
  const files = new Map<string, readonly ManifestEntry[]>();

  function asItLies({ path, why }: UncoveredPackage): void {
    if (!existsSync(join(root, path))) return;
    const { entries, scanErrors } = hashTree(createScope(join(root, path), ['./node_modules']));
    const [first] = scanErrors;
    if (first) uncovered.push({ path, why: `${why}, and cannot be listed as it lies there: ${first.path}` });
    else {
      built.push({ path, why });
      files.set(path, entries);
    }
  }

  for (const locked of outermostFirst(lock.packages)) {
    const { path, isOptional } = locked;
    if (asBuilt.includes(path)) asItLies({ path, why: 'was asked for' });
    else if (!isInTarball(locked, files)) {
      const found = tarballs.files(locked);
      if (typeof found === 'object') files.set(path, found);
      else if (!isOptional || existsSync(join(root, path))) uncovered.push({ path, why: found });
    }
  }
  for (const missing of lock.uncovered) asItLies(missing);
  for (const path of asBuilt.filter(isPlace)) asItLies({ path, why: 'was asked for' });
  const entries = Array.from(files, ([path, inside]) =>
    inside.map((file) => ({ path: `${path}/${file.path}`, digest: file.digest })),
  ).flat();
  return { entries, uncovered, asBuilt: built };
}

/** The files of programs that the tool writes into `.bin` as text, as pnpm does: nobody else can say what they hold. */
export function withPrograms(list: DependencyList, found: readonly ManifestEntry[]): DependencyList {
  const listed = new Set(list.entries.map(({ path }) => path));
  const programs = found.filter(({ path }) => isProgram(path) && !listed.has(path));
  return { ...list, entries: [...list.entries, ...programs] };
}

/** A whole `node_modules`, such as one that belongs to the source: the lock file has nothing of it. */
export function isPlace(path: string): boolean {
  return path.endsWith('/node_modules');
}

export function isProgram(path: string): boolean {
  return folderOf(path).endsWith('node_modules/.bin');
}

function outermostFirst(packages: readonly LockedPackage[]): readonly LockedPackage[] {
  return packages.toSorted((a, b) => a.path.length - b.path.length);
}

/** Whether a bundled package came in the tarball of one above it; those that the project itself bundles do not. */
function isInTarball(
  { path, isBundled }: LockedPackage,
  files: ReadonlyMap<string, readonly ManifestEntry[]>,
): boolean {
  if (isBundled !== true) return false;
  for (let at = path.lastIndexOf('/node_modules/'); at > 0; at = path.lastIndexOf('/node_modules/', at - 1)) {
    const inside = `${path.slice(at + 1)}/`;
    if (files.get(path.slice(0, at))?.some((file) => file.path.startsWith(inside)) === true) return true;
  }
  return false;
}
