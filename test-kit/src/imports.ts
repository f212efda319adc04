/**
 * The imports of a source tree, so that a test can hold the architecture to its own map.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** Every file of a tree by its path from the root, with what it imports: files of the tree, or names of packages. */
export type Imports = ReadonlyMap<string, readonly string[]>;

const IMPORT =
  /^\s*(?:import|export)\s[^;'"]*?from\s+'([^']+)'|^\s*import\s+'([^']+)'|\bimport\('([^']+)'\)/gm;

/** Reads every `.ts` file below `root`. */
export function readImports(root: string): Imports {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  return new Map(
    files.toSorted().map((file) => {
      const text = readFileSync(join(root, file), 'utf8');
      const targets = [...text.matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
      return [file, targets.map((target) => resolve(root, file, target))];
    }),
  );
}

/** A path of files that import each other in a circle, the first again at its end; `undefined` when there is none. */
export function findCycle(imports: Imports): readonly string[] | undefined {
  const done = new Set<string>();
  function visit(file: string, path: readonly string[]): readonly string[] | undefined {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return undefined;
    done.add(file);
    for (const target of imports.get(file) ?? []) {
      const cycle = visit(target, [...path, file]);
      if (cycle) return cycle;
    }
    return undefined;
  }
  for (const file of imports.keys()) {
    const cycle = visit(file, []);
    if (cycle) return cycle;
  }
  return undefined;
}

function resolve(root: string, file: string, target: string): string {
  if (!target.startsWith('.')) return target;
  return relative(root, join(root, dirname(file), target)).replace(/\.js$/, '.ts');
}
