/** What a lock file says, whichever tool wrote it. All paths are from the folder of the lock file, `/` between parts. */

/** A package as the lock file has it. */
export interface LockedPackage {
  /** E.g. `node_modules/a/node_modules/b`. */
  readonly path: string;
  /** As the registry has it, e.g. `a@1.2.3`; `undefined` where the lock file does not say. */
  readonly id: string | undefined;
  /** SHA-512 of its tarball, 128 lower-case hexadecimal digits. */
  readonly tarball: string;
  /** The tarball itself, where it lies in the project. */
  readonly file?: string;
  /** May be absent, as a package for another platform or for development is. */
  readonly isOptional: boolean;
  /** May come in the tarball of a package above it. */
  readonly isBundled?: boolean;
  /** Runs a script when it is installed, which may change its files. */
  readonly hasInstallScript?: boolean;
}

/** A package of which the lock file does not say what it holds. */
export interface UncoveredPackage {
  readonly path: string;
  readonly why: string;
}

/** A link that the tool makes. */
export interface LockedLink {
  readonly path: string;
  /** Where it leads: to one of these. */
  readonly targets: readonly string[];
  /** Need not be there, as a link to a program. */
  readonly isOptional: boolean;
}

export interface LockFile {
  /** Every `node_modules` in which Node would look for a package, whether it is there or not. */
  readonly places: readonly string[];
  readonly packages: readonly LockedPackage[];
  readonly uncovered: readonly UncoveredPackage[];
  readonly links: readonly LockedLink[];
  /** Files of the tool's own, which nothing imports. */
  readonly notes: readonly string[];
  /** Folders in which any link to a package of the lock file may lie, by the name of that package. */
  readonly hoisted: readonly string[];
}

const SHA512 = /(?:^|\s)sha512-([A-Za-z0-9+/]{86}==)(?:\s|\?|$)/;

/** The SHA-512 of subresource integrity, in hexadecimal. */
export function sha512Of(integrity: string | undefined): string | undefined {
  const [, digest] = SHA512.exec(integrity ?? '') ?? [];
  return digest === undefined ? undefined : Buffer.from(digest, 'base64').toString('hex');
}

/** The folder above, `''` for the project. */
export function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/** A path below a folder; the project is `''` or `.`. Steps over `.` and `..` as far as they stay in the project. */
export function joined(folder: string, path: string): string {
  const parts: string[] = [];
  for (const part of [...(folder === '.' ? '' : folder).split('/'), ...path.split('/')]) {
    if (part === '' || part === '.') continue;
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else parts.push(part);
  }
  return parts.join('/');
}

/** `node_modules` of a folder and of each one above it up to the project: Node looks into all of them. */
export function placesAbove(folder: string): string[] {
  const places: string[] = [];
  for (let above = joined('', folder); ; above = folderOf(above)) {
    if (above.startsWith('..')) return places;
    if (!`/${above}/`.includes('/node_modules/')) places.push(joined(above, 'node_modules'));
    if (above === '') return places;
  }
}
