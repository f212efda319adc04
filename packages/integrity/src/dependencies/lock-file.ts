/**
 * npm's lock file: which packages lie where, and the digest of the tarball that each came from.
 */
import { asObject, asString, parseObject, type JsonObject } from 'portal-shared/json';

/** A package as the lock file has it. */
export interface LockedPackage {
  /** From the folder of the lock file, e.g. `node_modules/a/node_modules/b`. */
  readonly path: string;
  /** SHA-512 of its tarball, 128 lower-case hexadecimal digits. */
  readonly tarball: string;
  /** May be absent, as a package for another platform is. */
  readonly isOptional: boolean;
}

/** A package of which the lock file does not say what it holds. */
export interface UncoveredPackage {
  readonly path: string;
  readonly why: string;
}

/** A link to a folder of the project, as of a workspace. */
export interface LockedLink {
  readonly path: string;
  /** From the folder of the lock file. */
  readonly target: string;
}

export interface LockFile {
  readonly links: readonly LockedLink[];
  readonly packages: readonly LockedPackage[];
  readonly uncovered: readonly UncoveredPackage[];
}

const SHA512 = /(?:^|\s)sha512-([A-Za-z0-9+/]{86}==)(?:\s|\?|$)/;

/** `undefined` unless the text is a lock file of version 2 or 3. */
export function parseLockFile(text: string): LockFile | undefined {
  const listed = asObject(parseObject(text)?.['packages']);
  if (!listed) return undefined;
  const packages: LockedPackage[] = [];
  const uncovered: UncoveredPackage[] = [];
  const links: LockedLink[] = [];
  for (const [path, value] of Object.entries(listed)) {
    const entry = asObject(value);
    // The others are the project itself and its workspaces, which are source.
    if (!entry || !/(?:^|\/)node_modules\//.test(path)) continue;
    const target = asString(entry['resolved']);
    if (entry['link'] === true && target !== undefined) {
      links.push({ path, target });
      continue;
    }
    const tarball = tarballOf(entry);
    if (tarball === undefined) uncovered.push({ path, why: whyNot(entry) });
    else
      packages.push({
        path,
        tarball,
        isOptional: entry['optional'] === true || entry['devOptional'] === true,
      });
  }
  return { packages, links, uncovered };
}

function tarballOf(entry: JsonObject): string | undefined {
  const [, digest] = SHA512.exec(asString(entry['integrity']) ?? '') ?? [];
  return digest === undefined ? undefined : Buffer.from(digest, 'base64').toString('hex');
}

function whyNot(entry: JsonObject): string {
  if (entry['inBundle'] === true) return 'comes in the tarball of the package above it';
  return 'has no SHA-512 in the lock file';
}
