/**
 * What belongs to the tree: one root, and what is left out below it. Kept so simple that `find` can repeat it:
 * a name is `-name X -prune`, a path is `-path ./a/b -prune`.
 */
import { resolve } from 'node:path';
import { optionError } from 'portal-shared/check-options';

/** A symbolic link. */
export interface Link {
  /** From the root. */
  readonly path: string;
  /** What stands in it, from its own folder. */
  readonly target: string;
}

/** Links that a tree may hold: those that were signed, or, before they are, all that stay in the tree. */
export type AcceptedLinks = readonly Link[] | 'inside';

/** A checked scope. */
export interface Scope {
  /** Absolute. */
  readonly root: string;
  /** Names (`node_modules`: at any depth, file or folder) and paths from the root (`health/src`, `./build`). */
  readonly exclude: readonly string[];
  /** Links that may be there; without them none may. */
  readonly links?: AcceptedLinks | undefined;
  /** Where what is left out may lie, as it was signed; see `isSurprise`. Without it that may be anywhere. */
  readonly leftOut?: readonly string[] | undefined;
}

/**
 * @throws TypeError naming option, rule and value
 */
export function createScope(root: unknown, exclude: unknown = []): Scope {
  if (typeof root !== 'string' || root === '' || root.includes('\0')) {
    throw optionError('root', 'to be the path of a folder', root);
  }
  if (!Array.isArray(exclude)) throw optionError('exclude', 'to be a list of names and paths', exclude);
  return { root: resolve(root), exclude: exclude.map(checkExclude) };
}

function checkExclude(entry: unknown): string {
  if (typeof entry !== 'string') throw optionError('exclude', 'to hold names and paths', entry);
  const parts = (entry.startsWith('./') ? entry.slice(2) : entry).split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..')) {
    throw optionError('exclude', 'to hold names, and paths from the root such as a/b or ./a', entry);
  }
  // `find` would take these as wildcards or quote them; a scope that reads differently here and there proves nothing.
  if (/[*?[\]\\\p{Cc}]/u.test(entry)) {
    throw optionError('exclude', 'to hold no wildcard, backslash or control character', entry);
  }
  return entry;
}

/** Tells whether an entry is left out, by its path from the root and its name. */
export interface Exclusion {
  (path: string, name: string): boolean;
  /** The paths that are left out, without a leading `./`. */
  readonly places: ReadonlySet<string>;
}

export function createExclusion(exclude: readonly string[]): Exclusion {
  const names = new Set(exclude.filter((entry) => !entry.includes('/')));
  const paths = new Set(
    exclude
      .filter((entry) => entry.includes('/'))
      .map((entry) => (entry.startsWith('./') ? entry.slice(2) : entry)),
  );
  // Looking up a path that was just put together is not free, and most scopes exclude names only.
  const excludes =
    paths.size === 0
      ? (_path: string, name: string) => names.has(name)
      : (path: string, name: string) => names.has(name) || paths.has(path);
  return Object.assign(excludes, { places: paths });
}

/**
 * Whether something that is left out belongs to the scope only where it lay already: a `node_modules`, which decides what
 * the code beside it imports, and what is left out by its name in a place that nobody has named.
 */
export function isSurprise(path: string, name: string, { places }: Exclusion): boolean {
  return name === 'node_modules' || (path !== name && !places.has(path));
}

/**
 * Whether a `node_modules` is left out that lies below code of the tree and that the scope does not name by its place.
 * Node takes the nearest one, so that whoever plants it there decides what the code beside it imports.
 */
export function isNestedModules(path: string, name: string, { places }: Exclusion): boolean {
  return name === 'node_modules' && path !== name && !places.has(path);
}
