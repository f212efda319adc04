/**
 * The files of every package of a lock file, from the tarballs whose digests it has, and what lies in `node_modules`
 * against them. The lock file is the truth; nothing is asked of a network.
 */
import { hash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { compareTrees } from '../compare/compare.js';
import type { Change } from '../compare/change.js';
import { hashTree } from '../scan/hash-tree.js';
import type { ManifestEntry } from '../scan/manifest.js';
import type { ScanError } from '../scan/scan-error.js';
import { createScope } from '../scan/scope.js';
import type { LockedLink, LockedPackage, LockFile, UncoveredPackage } from './lock-file.js';
import { listTarball } from './tarball.js';

export interface DependencyList {
  /** Every file, by its path from the folder of the lock file. */
  readonly entries: readonly ManifestEntry[];
  readonly uncovered: readonly UncoveredPackage[];
}

/**
 * @param root - folder of the lock file: an optional package that is not installed there is not looked for
 * @param cache - folder of npm's cache, e.g. `~/.npm/_cacache`
 */
export function listDependencies(
  { packages, uncovered }: LockFile,
  root: string,
  cache: string,
): DependencyList {
  const entries: ManifestEntry[] = [];
  const missing: UncoveredPackage[] = [];
  const listed = new Map<string, readonly ManifestEntry[] | string>();
  for (const { path, tarball, isOptional } of packages) {
    const files = listed.get(tarball) ?? listCached(tarball, cache);
    listed.set(tarball, files);
    if (typeof files === 'string' && isOptional && !existsSync(join(root, path))) continue;
    if (typeof files === 'string') missing.push({ path, why: files });
    else for (const file of files) entries.push({ path: `${path}/${file.path}`, digest: file.digest });
  }
  return { entries, uncovered: [...uncovered, ...missing] };
}

/** The files of a tarball, or why it cannot be had. */
function listCached(tarball: string, cache: string): readonly ManifestEntry[] | string {
  const file = join(cache, 'content-v2/sha512', tarball.slice(0, 2), tarball.slice(2, 4), tarball.slice(4));
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch {
    return 'is not in the cache of npm';
  }
  if (hash('sha512', bytes, 'hex') !== tarball) return 'is damaged in the cache of npm';
  try {
    return listTarball(bytes);
  } catch {
    return 'has a tarball that cannot be read';
  }
}

export interface DependencyCheck {
  readonly packages: number;
  readonly files: number;
  readonly added: number;
  readonly removed: number;
  readonly modified: number;
  readonly changes: readonly Change[];
  readonly scanErrors: readonly ScanError[];
  /** Packages that are not installed, and may be so. */
  readonly absent: readonly string[];
  readonly uncovered: readonly UncoveredPackage[];
}

/** npm's own: links to programs, and its note of what it installed. */
const OF_NPM = ['.bin', '.package-lock.json'];

/**
 * What lies in the folders of the packages below `root` against the list, both ways: a file too many counts, and so does
 * a folder in `node_modules` that is no package of the lock file.
 */
export function checkDependencies(
  root: string,
  lock: LockFile,
  { entries, uncovered }: DependencyList,
): DependencyCheck {
  const places = [
    ...new Set([...lock.packages, ...lock.links, ...lock.uncovered].map(({ path }) => topOf(path))),
  ];
  const skipped = [...uncovered, ...lock.links].map(({ path }) => `./${path}`);
  const found: ManifestEntry[] = [];
  const tools: UncoveredPackage[] = [];
  const scanErrors: ScanError[] = [];
  for (const place of places) {
    const ofTools = toolsIn(join(root, place));
    for (const name of ofTools)
      tools.push({ path: `${place}/${name}`, why: 'is no package but what a tool keeps there' });
    const exclude = [
      ...OF_NPM,
      ...ofTools.map((name) => `./${name}`),
      ...skipped.flatMap((path) => within(path, place)),
    ];
    const hashed = hashTree(createScope(join(root, place), exclude));
    for (const { path, digest } of hashed.entries) found.push({ path: `${place}/${path}`, digest });
    for (const error of hashed.scanErrors) {
      if (error.code === 'E_EMPTY') continue;
      scanErrors.push({ ...error, path: error.path === '.' ? place : `${place}/${error.path}` });
    }
  }
  const absent = lock.packages
    .filter((locked) => locked.isOptional && isAbsent(locked, found))
    .map(({ path }) => path);
  const expected = entries.filter(({ path }) => !absent.some((folder) => path.startsWith(`${folder}/`)));
  const { added, removed, modified, changes } = compareTrees(expected, found, undefined);
  const led = lock.links.filter((link) => !leadsThere(root, link));
  return {
    packages: lock.packages.length - absent.length,
    files: expected.length,
    added,
    removed,
    modified: modified + led.length,
    changes: [...changes, ...led.map(redirected)],
    scanErrors,
    absent,
    uncovered: [...uncovered, ...tools],
  };
}

function redirected({ path, target }: LockedLink): Change {
  return { kind: 'modified', path, files: 1, note: `does not lead to ${target}` };
}

function leadsThere(root: string, { path, target }: LockedLink): boolean {
  try {
    return realpathSync(join(root, path)) === realpathSync(join(root, target));
  } catch {
    // A workspace that is not there, and no link to it, as after an installation of some of them.
    return !existsSync(join(root, path)) && !existsSync(join(root, target));
  }
}

/** The outermost `node_modules` of a package: of the project, or of one of its workspaces. */
function topOf(path: string): string {
  return path.slice(0, path.indexOf('node_modules/') + 'node_modules'.length);
}

/** Names that begin with a dot can be no package: caches and notes, of which the lock file says nothing. */
function toolsIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).filter((name) => name.startsWith('.') && !OF_NPM.includes(name));
  } catch {
    return [];
  }
}

/** An excluded path of the project as one of a folder below it. */
function within(path: string, place: string): string[] {
  return path.startsWith(`./${place}/`) ? [`./${path.slice(place.length + 3)}`] : [];
}

function isAbsent({ path }: LockedPackage, found: readonly ManifestEntry[]): boolean {
  return !found.some((file) => file.path.startsWith(`${path}/`));
}
