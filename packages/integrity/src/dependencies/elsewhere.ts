/** Where Node looks for a package that no `node_modules` of the project has: planted there, it is an optional one. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';

/** Those that there are, in the order in which Node looks. Only CommonJS looks into the last ones. */
export function searchedElsewhere(root: string): readonly string[] {
  const folders: string[] = [];
  for (let above = dirname(resolve(root)); ; above = dirname(above)) {
    folders.push(join(above, 'node_modules'));
    if (above === dirname(above)) break;
  }
  const { NODE_PATH = '' } = process.env;
  folders.push(...NODE_PATH.split(delimiter).filter((folder) => folder !== ''));
  const own = ['.node_modules', '.node_libraries'].map((name) => join(homedir(), name));
  return [...folders, ...own].filter((folder) => existsSync(folder));
}
