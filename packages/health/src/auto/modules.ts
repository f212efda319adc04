/**
 * Tells of every file of a package that the application loads, before anybody has its exports. It knows CommonJS, which
 * drivers are also for whoever imports them: their ES modules are wrappers, but for postgres.js, whose CommonJS build is
 * put in the place of the other.
 */
import { existsSync, realpathSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { dirname, join } from 'node:path';

/** A file of a package, by its name and the path in it with forward slashes, such as `pg` and `lib/client.js`. */
export interface LoadedFile {
  readonly packageName: string;
  readonly path: string;
  readonly exports: unknown;
}

/** Of no documented name, and the one that every loader of other languages hooks. */
const COMPILE = '_compile';

interface ModuleClass {
  readonly prototype: Record<
    typeof COMPILE,
    ((this: { exports: unknown }, ...args: unknown[]) => unknown) | undefined
  >;
}

/** Calls `replace` with each file of a package; what it gives is what others get. What it throws has no effect. */
export function onLoadedFile(replace: (file: LoadedFile) => unknown): void {
  const { prototype } = nodeModule.Module as unknown as ModuleClass;
  const compile = prototype[COMPILE];
  if (typeof compile !== 'function') return;
  // Not `load`, which has handed the exports on to importers before it returns.
  prototype[COMPILE] = function (...args) {
    const result = compile.apply(this, args);
    try {
      const place = placeOf(String(args[1]));
      if (place) this.exports = replace({ ...place, exports: this.exports });
    } catch {
      // The application gets what it would have got.
    }
    return result;
  };
}

const FOLDER = 'node_modules/';

function placeOf(filename: string): Omit<LoadedFile, 'exports'> | undefined {
  const file = filename.replaceAll('\\', '/');
  const start = file.lastIndexOf(FOLDER);
  if (start === -1) return undefined;
  const [first = '', ...rest] = file.slice(start + FOLDER.length).split('/');
  const packageName = first.startsWith('@') ? `${first}/${rest.shift()}` : first;
  return { packageName, path: rest.join('/') };
}

const CONDITIONS = ['require', 'node', 'default'];

interface Resolving {
  readonly conditions: readonly string[];
}
type Resolve<Result> = (name: string, context: Resolving, next: Resolve<Result>) => Result;

/** Whoever imports `name` gets its CommonJS build. */
export function preferCommonJs(name: string): void {
  const { registerHooks } = nodeModule as unknown as {
    registerHooks?: (hooks: { resolve: Resolve<unknown> }) => void;
  };
  if (registerHooks) {
    registerHooks({
      resolve: (asked, context, next) =>
        next(asked, asked === name ? { ...context, conditions: CONDITIONS } : context, next),
    });
    return;
  }
  // Before Node 22.15 a thread resolves what is imported, which takes 40 ms to start.
  if (!isInstalled(name)) return;
  const hook = `export const resolve = (asked, context, next) =>
    next(asked, asked === ${JSON.stringify(name)} ? { ...context, conditions: ${JSON.stringify(CONDITIONS)} } : context);`;
  nodeModule.register(`data:text/javascript,${encodeURIComponent(hook)}`);
}

/** In a folder above the program, or above the one that it was started in. */
function isInstalled(name: string): boolean {
  const given = process.argv[1] ?? '.';
  const program = existsSync(given) ? realpathSync(given) : given;
  return [dirname(program), process.cwd()].some((start) => {
    for (let folder = start; ; folder = dirname(folder)) {
      if (existsSync(join(folder, FOLDER, name))) return true;
      if (folder === dirname(folder)) return false;
    }
  });
}
