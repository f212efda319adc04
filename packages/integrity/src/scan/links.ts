/**
 * Symbolic links in a tree. The hash does not follow them, as `sha256sum` over `find -type f` does not, so each counts
 * only as it was signed, and only while it stays in the tree that was hashed.
 */
import { readlinkSync } from 'node:fs';
import { systemCode } from 'portal-shared/error-code';
import { fitsManifest } from './manifest.js';
import type { ScanError } from './scan-error.js';
import type { AcceptedLinks, Exclusion, Link } from './scope.js';
import { below, type CheckLink } from './walk.js';

type Destination = 'inside' | 'outside' | 'excluded';

/** As many as the kernel follows. */
const MAX_HOPS = 40;

/** Kubernetes puts the files of a volume behind this link, and a folder of another name behind it at each update. */
const KUBERNETES_DATA = '..data';

export function createLinkCheck(
  root: string,
  excludes: Exclusion,
  accepted: AcceptedLinks | undefined,
): CheckLink {
  const signed = new Map(accepted === 'inside' ? [] : accepted?.map(({ path, target }) => [path, target]));

  return (path, siblings) => {
    const read = readTarget(root, path);
    if (typeof read !== 'string') return read;
    const folder = path.slice(0, Math.max(0, path.lastIndexOf('/')));
    if (siblings.includes(KUBERNETES_DATA)) {
      const place = folder === '' ? 'mount it elsewhere' : `exclude ./${folder}`;
      return refused(path, `to ${read}`, `Kubernetes renames what lies beside it at each update: ${place}`);
    }
    const target = signed.get(path);
    if (target !== undefined && target !== read) {
      return { code: 'E_LINK', path, cause: `to ${read}, signed as to ${target}` };
    }
    const destination = destinationOf(root, folder, read, excludes);
    if (destination === 'excluded')
      return refused(path, `to ${read}, which is left out`, `exclude ./${path}`);
    if (destination === 'outside') return refused(path, `to ${read}, out of the tree`, `exclude ./${path}`);
    const isFit = accepted === 'inside' && fitsManifest(read, read) && !read.includes('\u{fffd}');
    if (target !== undefined || isFit) return { path, target: read };
    return refused(path, `to ${read}`, `exclude ./${path}, or have it signed (sign --links)`);
  };
}

/** The signed links that are not there, but for those behind something that could not be read. */
export function missingLinks(
  accepted: AcceptedLinks | undefined,
  found: readonly Link[],
): readonly ScanError[] {
  if (accepted === undefined || accepted === 'inside' || accepted.length === found.length) return [];
  const paths = new Set(found.map(({ path }) => path));
  return accepted
    .filter(({ path }) => !paths.has(path))
    .map(({ path, target }) => ({ code: 'E_LINK', path, cause: `missing, signed as to ${target}` }));
}

function refused(path: string, cause: string, remedy: string): ScanError {
  return { code: 'E_SYMLINK', path, cause, remedy };
}

function readTarget(root: string, path: string): string | ScanError {
  try {
    return readlinkSync(below(root, path));
  } catch (error) {
    return { code: 'E_SYMLINK', path, cause: systemCode(error) };
  }
}

/**
 * Where a link leads, entry by entry, through the links that it comes upon. What is not there yet stays inside: whatever
 * comes there is hashed.
 */
function destinationOf(root: string, folder: string, target: string, excludes: Exclusion): Destination {
  const reached = folder === '' ? [] : folder.split('/');
  if (target.startsWith('/')) return 'outside';
  const rest = target.split('/');
  for (let hops = 0, part = rest.shift(); part !== undefined; part = rest.shift()) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      if (reached.pop() === undefined) return 'outside';
      continue;
    }
    const path = [...reached, part].join('/');
    if (excludes(path, part)) return 'excluded';
    const next = readTarget(root, path);
    if (typeof next !== 'string') {
      reached.push(part);
      continue;
    }
    hops += 1;
    if (next.startsWith('/') || hops > MAX_HOPS) return 'outside';
    rest.unshift(...next.split('/'));
  }
  return 'inside';
}
