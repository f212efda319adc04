/**
 * What lies in every `node_modules` of a project, against its list and its lock file, both ways: a file too many counts,
 * and so does a folder that is no package of the lock file. Looks again by stamps, like every scan.
 */
import { readdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { Change } from '../compare/change.js';
import { compareTrees } from '../compare/compare.js';
import { createFileIndex, type FileIndex } from '../scan/file-index.js';
import type { ManifestEntry } from '../scan/manifest.js';
import { SourceError, type ScanError } from '../scan/scan-error.js';
import { createScope } from '../scan/scope.js';
import type { Touch } from '../scan/touch.js';
import { isProgram } from './list.js';
import type { LockFile, UncoveredPackage } from './locked.js';
import { createDependencyLinkCheck } from './links.js';
import { findNearerModules } from './nearer.js';

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
  /** Packages whose install script made links to their own files. */
  readonly linked: readonly UncoveredPackage[];
  /** Packages and folders that nothing is known of. */
  readonly uncovered: readonly UncoveredPackage[];
}

/** Synchronous throughout. */
export interface DependencyIndex {
  check(): DependencyCheck;
  /** Every file as of the last check. */
  found(): readonly ManifestEntry[];
  /** Reads files again whatever their stamps say, for about `budgetMs`. Returns whether every file was. */
  reread(budgetMs: number): boolean;
  /** Stamps that moved since the check before although the content did not. */
  takeTouches(): readonly Touch[];
}

/** One `node_modules`. */
interface Place {
  readonly path: string;
  readonly key: string;
  readonly tools: readonly string[];
  readonly index: FileIndex;
}

/**
 * @param root - folder of the lock file
 * @param list - without one, what the first check finds
 */
export function createDependencyIndex(
  root: string,
  lock: LockFile,
  list: readonly ManifestEntry[] | undefined,
): DependencyIndex {
  const paths = [...lock.packages, ...lock.uncovered].map(({ path }) => path);
  const ownerOf = createOwnerOf(new Set(paths));
  const checkLinks = createDependencyLinkCheck(root, lock, ownerOf);
  const optional = new Set(lock.packages.filter((locked) => locked.isOptional).map(({ path }) => path));
  const ownPlaces = new Set(lock.places);
  let expected = list;
  let places: readonly Place[] = [];
  let found: readonly ManifestEntry[] = [];
  let nextPlace = 0;

  function check(): DependencyCheck {
    const nearer = findNearerModules(root, ownPlaces);
    places = [...lock.places, ...nearer.places].flatMap((path) => openPlace(path, places));
    const scanErrors = places.flatMap(scanPlace);
    found = places.flatMap(({ path, index }) =>
      index.entries().map((entry) => ({ path: `${path}/${entry.path}`, digest: entry.digest })),
    );
    const listed = (expected ??= found);
    const owners = new Set(found.map(({ path }) => ownerOf(path)));
    const listedOwners = new Set(listed.map(({ path }) => ownerOf(path)));
    const absent = paths.filter((path) => optional.has(path) && !owners.has(path));
    const isAbsent = new Set(absent);
    const unlisted = new Set(paths.filter((path) => !listedOwners.has(path)));
    const wanted = listed.filter(({ path }) => !isAbsent.has(ownerOf(path) ?? ''));
    const seen = found.filter(({ path }) => !unlisted.has(ownerOf(path) ?? ''));
    const compared = compareTrees(wanted, seen, undefined);
    const links = checkLinks(scanErrors);
    return {
      packages: paths.length - absent.length,
      files: wanted.length,
      added: compared.added,
      removed: compared.removed + links.missing.length,
      modified: compared.modified + links.redirected.length,
      changes: [...compared.changes, ...links.redirected, ...links.missing],
      scanErrors: links.scanErrors,
      absent,
      linked: links.linked,
      uncovered: [
        ...(nearer.isCut ? [TOO_MANY] : []),
        ...[...unlisted].filter((path) => owners.has(path)).map((path) => ({ path, why: UNLISTED })),
        ...places.flatMap(({ path, tools }) =>
          tools.map((name) => ({
            path: `${path}/${name}`,
            why: 'is no package but what a tool keeps there',
          })),
        ),
      ],
    };
  }

  /** Behind a link, too, as where releases share one: what lies there is compared all the same. */
  function openPlace(path: string, before: readonly Place[]): readonly Place[] {
    let real: string;
    let tools: readonly string[];
    try {
      real = realpathSync(join(root, path));
      tools = toolsIn(real, path, lock);
    } catch {
      const known = before.find((place) => place.path === path);
      return known ? [known] : [];
    }
    const key = [real, ...tools].join('\n');
    const known = before.find((place) => place.path === path && place.key === key);
    if (known) return [known];
    const notes = lock.notes.filter((note) => note.startsWith(`${path}/`));
    const exclude = [...tools, ...notes.map((note) => note.slice(path.length + 1))].map(
      (name) => `./${name}`,
    );
    return [{ path, key, tools, index: createFileIndex(createScope(real, exclude)) }];
  }

  return {
    check,
    found: () => found,
    reread(budgetMs) {
      const untilMs = performance.now() + budgetMs;
      for (; nextPlace < places.length; nextPlace += 1) {
        const leftMs = untilMs - performance.now();
        if (leftMs <= 0 || places[nextPlace]?.index.reread(leftMs) === false) return false;
      }
      nextPlace = 0;
      return true;
    },
    takeTouches: () =>
      places.flatMap(({ path, index }) =>
        index.takeTouches().map(({ path: at, ctimeBeforeMs, ctimeAfterMs, moved }) => ({
          path: inPlace(path, at),
          ctimeBeforeMs,
          ctimeAfterMs,
          moved,
        })),
      ),
  };
}

const TOO_MANY = { path: '.', why: 'holds too many entries to look for a node_modules in every folder' };
const UNLISTED = 'lies there and is not in the list';

/** What cannot be hashed, by its path from the project. */
function scanPlace({ path, index }: Place): readonly ScanError[] {
  try {
    index.scan();
    return [];
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    const isGone = error.scanErrors.some(({ path: at, cause }) => at === '.' && cause === 'ENOENT');
    if (isGone) return [];
    return error.scanErrors
      .filter(({ code }) => code !== 'E_EMPTY')
      .map(({ code, path: at, cause }) => ({ code, path: inPlace(path, at), cause }));
  }
}

function inPlace(place: string, path: string): string {
  return path === '.' ? place : `${place}/${path}`;
}

/** Names that begin with a dot can be no package: caches and notes, of which the lock file says nothing. */
function toolsIn(folder: string, place: string, lock: LockFile): readonly string[] {
  const own = new Set(['.bin', '.pnpm', ...lock.notes.map((note) => note.slice(place.length + 1))]);
  return readdirSync(folder).filter((name) => name.startsWith('.') && !own.has(name));
}

/** The package that a file belongs to: the nearest above it that the lock file has. */
function createOwnerOf(packages: ReadonlySet<string>): (path: string) => string | undefined {
  return (path) => {
    if (isProgram(path)) return undefined;
    for (let at = path.length; at > 0;) {
      at = path.lastIndexOf('node_modules/', at - 1);
      if (at === -1) return undefined;
      const start = at + 'node_modules/'.length;
      let end = path.indexOf('/', start);
      if (path[start] === '@' && end !== -1) end = path.indexOf('/', end + 1);
      if (end === -1) continue;
      const owner = path.slice(0, end);
      if (packages.has(owner)) return owner;
    }
    return undefined;
  };
}
