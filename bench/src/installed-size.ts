/** How much a package puts on the disk: its own files, and those of all its dependencies. Peers are not counted: the application has them anyway. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));

/** Bytes of files, as `npm` says of "unpacked". */
export interface InstalledSize {
  readonly ownBytes: number;
  readonly allBytes: number;
  readonly packages: number;
}

export function installedSize(name: string): InstalledSize {
  const own = folderOf(name, join(REPOSITORY, 'bench'));
  const all = new Set<string>();
  const visit = (folder: string): void => {
    if (all.has(folder)) return;
    all.add(folder);
    const { dependencies = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
      dependencies?: Record<string, string>;
    };
    for (const dependency of Object.keys(dependencies)) visit(folderOf(dependency, folder));
  };
  visit(own);
  const allBytes = [...all].reduce((sum, folder) => sum + bytesOf(folder), 0);
  return { ownBytes: bytesOf(own), allBytes, packages: all.size };
}

/** As Node finds it: in the nearest `node_modules` above. */
function folderOf(name: string, from: string): string {
  const folder = join(from, 'node_modules', name);
  if (existsSync(join(folder, 'package.json'))) return folder;
  const above = dirname(from);
  if (above === from) throw new Error(`${name} is not installed.`);
  return folderOf(name, above);
}

/** Without nested packages: they are counted as packages of their own. */
function bytesOf(folder: string): number {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => name !== 'node_modules')
    .reduce((sum, entry) => {
      const path = join(folder, entry.name);
      return sum + (entry.isDirectory() ? bytesOf(path) : statSync(path).size);
    }, 0);
}
