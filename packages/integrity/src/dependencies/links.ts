/** The links in `node_modules` against the lock file: of workspaces, of programs, and of every package with pnpm. */
import { existsSync, lstatSync, readlinkSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { Change } from '../compare/change.js';
import type { ScanError } from '../scan/scan-error.js';
import { folderOf, joined, type LockFile, type UncoveredPackage } from './locked.js';

export interface CheckedLinks {
  /** Links that lead elsewhere. */
  readonly redirected: readonly Change[];
  /** Links that are not there, and what they lead to is. */
  readonly missing: readonly Change[];
  /** Packages whose install script made links to their own files. */
  readonly linked: readonly UncoveredPackage[];
  /** What else cannot be hashed, links that the lock file does not have among it. */
  readonly scanErrors: readonly ScanError[];
}

/**
 * @param ownerOf - the package that a path belongs to
 * @returns what tells apart the links that a scan came upon
 */
export function createDependencyLinkCheck(
  root: string,
  lock: LockFile,
  ownerOf: (path: string) => string | undefined,
): (scanErrors: readonly ScanError[]) => CheckedLinks {
  const links = new Map(lock.links.map((link) => [link.path, link]));
  const packages = new Set([...lock.packages, ...lock.uncovered].map(({ path }) => path));
  const places = new Set(lock.places);
  const withScripts = new Set(
    lock.packages.filter(({ hasInstallScript }) => hasInstallScript === true).map(({ path }) => path),
  );

  function leadsTo(path: string, targets: readonly string[]): boolean {
    const target = targetOf(path);
    return (
      targets.includes(target) || targets.some((wanted) => isSamePlace(join(root, path), join(root, wanted)))
    );
  }

  function targetOf(path: string): string {
    const text = readlinkSync(join(root, path));
    return text.startsWith('/') ? text : joined(folderOf(path), text);
  }

  /** Beside its name, a package may be found under that of no other. */
  function isHoisted(path: string): boolean {
    const folder = lock.hoisted.find(
      (hoisted) => path.startsWith(`${hoisted}/`) && !path.startsWith(`${hoisted}/.`),
    );
    if (folder === undefined) return false;
    const target = targetOf(path);
    const isPackage =
      packages.has(target) && target.endsWith(`/node_modules/${path.slice(folder.length + 1)}`);
    return isPackage || (target !== '' && places.has(`${target}/node_modules`));
  }

  /** The package whose own files a link leads to, where that is the work of its install script. */
  function madeByScript(path: string): string | undefined {
    const owner = ownerOf(path);
    if (owner === undefined || !withScripts.has(owner) || !existsSync(join(root, path))) return undefined;
    const real = realpathSync(join(root, path));
    return real.startsWith(`${realpathSync(join(root, owner))}/`) ? owner : undefined;
  }

  return (scanErrors) => {
    const linked = new Map<string, number>();
    const redirected: Change[] = [];
    const others: ScanError[] = [];
    for (const scanError of scanErrors) {
      const { code, path } = scanError;
      if (code !== 'E_SYMLINK') {
        others.push(scanError);
        continue;
      }
      const link = links.get(path);
      try {
        const owner = link ? undefined : madeByScript(path);
        if (owner !== undefined) linked.set(owner, (linked.get(owner) ?? 0) + 1);
        else if (!link && !isHoisted(path)) others.push(scanError);
        if (link && !leadsTo(path, link.targets)) redirected.push(changeOf('modified', path, link.targets));
      } catch {
        others.push(scanError);
      }
    }
    const missing = lock.links
      .filter(
        ({ path, targets, isOptional }) =>
          !isOptional && !isThere(root, path) && existsSync(join(root, targets[0] ?? '')),
      )
      .map(({ path, targets }) => changeOf('removed', path, targets));
    return {
      redirected,
      missing,
      linked: Array.from(linked, ([path, count]) => ({
        path,
        why: `holds ${count} links to its own files, made when it was installed`,
      })),
      scanErrors: others,
    };
  };
}

function changeOf(kind: 'modified' | 'removed', path: string, targets: readonly string[]): Change {
  return { kind, path, files: 1, note: `does not lead to ${targets.join(' or ')}` };
}

function isSamePlace(a: string, b: string): boolean {
  try {
    return realpathSync(a) === realpathSync(b);
  } catch {
    return false;
  }
}

function isThere(root: string, path: string): boolean {
  return lstatSync(join(root, path), { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}
