/**
 * Scripts in memory against the tree as it was hashed.
 */
import { hash } from 'node:crypto';
import { readFileSync, realpathSync } from 'node:fs';
import type { LoadedScript } from './loaded.js';
import type { ManifestEntry } from '../scan/manifest.js';
import type { Exclusion } from '../scan/scope.js';
import { below } from '../scan/walk.js';

/** A script of the tree. */
export interface MatchedScript {
  /** From the root. */
  readonly path: string;
  /** Of the file that it was compiled from, where that is certain; of V8's text otherwise. */
  readonly digest: string;
  /** `unknown`: the tree held no such file. */
  readonly match: 'same' | 'different' | 'unknown';
}

export interface Match {
  readonly scripts: readonly MatchedScript[];
  /** Scripts from files outside of the scope, such as dependencies. */
  readonly outside: number;
}

export function matchScripts(
  loaded: readonly LoadedScript[],
  boot: readonly ManifestEntry[],
  root: string,
  excludes: Exclusion,
): Match {
  const digests = new Map(boot.map(({ path, digest }) => [path, digest]));
  const top = `${realRoot(root)}/`;
  const scripts: MatchedScript[] = [];
  let outside = 0;
  for (const { file, digest } of loaded) {
    const path = file.startsWith(top) ? file.slice(top.length) : undefined;
    if (path === undefined || isExcluded(path, excludes)) {
      outside += 1;
      continue;
    }
    const hashed = digests.get(path);
    if (hashed === undefined) scripts.push({ path, digest, match: 'unknown' });
    else if (hashed === digest || textOf(below(root, path), hashed) === digest) {
      scripts.push({ path, digest: hashed, match: 'same' });
    } else scripts.push({ path, digest, match: 'different' });
  }
  return { scripts: scripts.toSorted((a, b) => (a.path < b.path ? -1 : Number(a.path > b.path))), outside };
}

/** A module knows itself by its real path, also when the root is named through a link. */
function realRoot(root: string): string {
  try {
    return realpathSync(root);
  } catch {
    return root;
  }
}

function isExcluded(path: string, excludes: Exclusion): boolean {
  const parts = path.split('/');
  return parts.some((name, index) => excludes(parts.slice(0, index + 1).join('/'), name));
}

/**
 * The digest of a file's text as V8 gets to see it: decoded, and without the byte order mark. Only of a file that is
 * still the one that was hashed.
 */
function textOf(absolutePath: string, hashed: string): string | undefined {
  try {
    const bytes = readFileSync(absolutePath);
    if (hash('sha256', bytes, 'hex') !== hashed) return undefined;
    return hash('sha256', new TextDecoder().decode(bytes), 'hex');
  } catch {
    return undefined;
  }
}
