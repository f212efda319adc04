/**
 * Scripts from outside of the tree, by the package that they belong to.
 */

export interface OutsidePackage {
  /** As its folder is called below `node_modules`; `null` for files that belong to no package. */
  readonly name: string | null;
  /** Absolute path of the package, or of the folder that holds the files. */
  readonly folder: string;
  readonly scripts: number;
  /** Whether it lies below the root all the same, where the scope leaves it out. */
  readonly inside: boolean;
}

/** What an administrator can read at one go; the service itself has about 60. */
const MAX_PACKAGES = 300;
const PACKAGE = /^(.*\/node_modules\/((?:@[^/]+\/)?[^/]+))\//s;

/** @param roots - every path under which the tree is known */
export function outsidePackages(files: readonly string[], roots: readonly string[]): OutsidePackage[] {
  const counts = new Map<string, { readonly name: string | null; scripts: number }>();
  for (const file of files) {
    const [, folder = file.slice(0, Math.max(1, file.lastIndexOf('/'))), name = null] =
      PACKAGE.exec(file) ?? [];
    const known = counts.get(folder);
    if (known) known.scripts += 1;
    else counts.set(folder, { name, scripts: 1 });
  }
  return Array.from(counts, ([folder, { name, scripts }]) => ({
    name,
    folder,
    scripts,
    inside: roots.some((root) => folder === root || folder.startsWith(`${root}/`)),
  }))
    .toSorted((a, b) => (a.folder < b.folder ? -1 : 1))
    .slice(0, MAX_PACKAGES);
}
