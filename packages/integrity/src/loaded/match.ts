/**
 * Scripts in memory against the tree as it was hashed. In the hashing thread, where nothing of the application runs.
 */
import { hash } from 'node:crypto';
import { readFileSync, realpathSync } from 'node:fs';
import { isBuiltin, Module } from 'node:module';
import type { ManifestEntry } from '../scan/manifest.js';
import type { Exclusion } from '../scan/scope.js';
import { below } from '../scan/walk.js';
import { createNodeScripts, mappedAddons, readLaunch } from './launch.js';
import type { MemoryLook } from './loaded.js';
import { outsidePackages, type OutsidePackage } from './outside.js';
import { fileOfName, type NamedFile } from './script-name.js';

/** A script that says it is of the tree, or of Node. */
export interface MatchedScript {
  /** From the root; the whole name where it claims to be Node's own. */
  readonly path: string;
  /** Of the file that it was compiled from, where that is certain; of V8's text otherwise. */
  readonly digest: string;
  /** `unknown`: there is no such file, or no such script of Node. `transformed`: a loader rewrites such files. */
  readonly match: 'same' | 'different' | 'unknown' | 'transformed';
}

export interface Match {
  /** In the order of the paths. */
  readonly matched: readonly MatchedScript[];
  /** How many scripts are of the tree. */
  readonly scripts: number;
  /** Scripts from files outside of the scope, such as dependencies. */
  readonly outside: number;
  readonly outsidePackages: readonly OutsidePackage[];
  /** Scripts made from text, and the digests of the first of them, each once. */
  readonly evaluated: number;
  readonly evaluatedDigests: readonly string[];
  readonly process: OwnProcess;
}

export interface OwnProcess {
  readonly nodeOptions: string | null;
  readonly preloads: readonly string[];
  /** Whether hooks of Node's module loader are there, which a program can also register while it runs. */
  readonly hasHooks: boolean;
  readonly addons: readonly string[] | null;
  /** Whether scripts that say they are Node's own could be compared with it. */
  readonly nodeChecked: boolean;
}

export interface Tree {
  /** As it was given, and as the file system has it: a module knows itself by either. */
  readonly root: string;
  readonly realRoot: string;
  readonly boot: readonly ManifestEntry[];
  readonly excludes: Exclusion;
}

/** A script of the tree before it is judged. */
interface Found extends NamedFile {
  readonly path: string;
  readonly digest: string;
}

/** Digests of code made from text that fit a document. */
const MAX_DIGESTS = 100;
/** Node loads these of its own scripts when a program registers hooks of the module loader. */
const HOOKS = new Set(['node:internal/modules/esm/hooks', 'node:internal/modules/customization_hooks']);
/** What V8 cannot compile as it lies on disk: a loader, or Node itself, made it into JavaScript. */
const NOT_JAVASCRIPT = /\.(?:[cm]?tsx?|jsx|vue|svelte|astro|mdx|coffee|civet)$/;

export function createMatch(): (look: MemoryLook, tree: Tree) => Match {
  const isNodeScript = createNodeScripts();

  return (look, tree) => {
    const found: Found[] = [];
    const foreign: Foreign[] = [];
    const outside: string[] = [];
    const strays: string[] = [];
    let hasHooks = false;
    let nodeChecked = true;
    for (let index = 0; index < look.scripts.length; index += 2) {
      const name = look.scripts[index] ?? '';
      const digest = look.scripts[index + 1] ?? '';
      if (name.startsWith('node:')) {
        const isOwn = isNodeScript(name, digest);
        if (isOwn === false) foreign.push({ path: name, digest });
        if (isOwn === undefined) nodeChecked = false;
        if (HOOKS.has(name)) hasHooks = true;
        continue;
      }
      const file = fileOfName(name);
      if (!file) {
        strays.push(digest);
        continue;
      }
      const path = pathBelow(file.file, tree);
      if (path === undefined) outside.push(file.file);
      else found.push({ ...file, path, digest });
    }
    const launch = readLaunch(look.execArgv);
    const scripts = judge(found, tree, { hasHooks, transforms: launch.transforms });
    return {
      matched: [...scripts, ...foreign.map((script) => judgeForeign(script, hasHooks))].toSorted(byPath),
      scripts: scripts.length,
      outside: outside.length,
      outsidePackages: outsidePackages(outside, [tree.realRoot, tree.root]),
      evaluated: look.texts + strays.length,
      evaluatedDigests: [...new Set([...look.textDigests, ...strays])].toSorted().slice(0, MAX_DIGESTS),
      process: {
        nodeOptions: launch.nodeOptions,
        preloads: launch.preloads,
        hasHooks,
        addons: mappedAddons() ?? null,
        nodeChecked,
      },
    };
  };
}

/** Says that it is Node's own, and is not. */
type Foreign = Pick<MatchedScript, 'path' | 'digest'>;

function judgeForeign({ path, digest }: Foreign, hasHooks: boolean): MatchedScript {
  return { path, digest, match: hasHooks && isWrapper(path) ? 'transformed' : 'unknown' };
}

/** `node:http?iitm=true`: hooks put such modules before Node's own, as code made from text that tells where it belongs. */
function isWrapper(name: string): boolean {
  const [plain = '', ...query] = name.split('?');
  return query.length > 0 && isBuiltin(plain);
}

/**
 * A script that is not its file was rewritten by a loader only where something says so that no module can write into
 * itself: its name says that V8 cannot have read the file as it is, or how the process was started. Hooks, which any
 * module can register, count for no more than further instances of a file that is also there as it was hashed.
 */
function judge(
  found: readonly Found[],
  tree: Tree,
  { hasHooks, transforms }: { readonly hasHooks: boolean; readonly transforms: boolean },
): MatchedScript[] {
  const digests = new Map(tree.boot.map(({ path, digest }) => [path, digest]));
  const same = new Set<string>();
  const others: [Found, string | undefined][] = [];
  const judged: MatchedScript[] = [];
  for (const script of found) {
    const { path, digest, isPlain } = script;
    const hashed = digests.get(path) ?? digests.get(behindLink(path, tree));
    if (
      hashed !== undefined &&
      (hashed === digest || isItsText(digest, below(tree.realRoot, path), hashed))
    ) {
      if (isPlain) same.add(path);
      judged.push({ path, digest: hashed, match: 'same' });
    } else others.push([script, hashed]);
  }
  for (const [{ path, digest, isPlain }, hashed] of others) {
    const isRewritten =
      hashed !== undefined &&
      (NOT_JAVASCRIPT.test(path) || transforms || (hasHooks && !isPlain && same.has(path)));
    const match = isRewritten ? 'transformed' : hashed === undefined ? 'unknown' : 'different';
    judged.push({ path, digest, match });
  }
  return judged;
}

/** With `--preserve-symlinks` a module goes by the name of the link that led to it. */
function behindLink(path: string, { realRoot }: Tree): string {
  try {
    const real = realpathSync(below(realRoot, path));
    return real.startsWith(`${realRoot}/`) ? real.slice(realRoot.length + 1) : path;
  } catch {
    return path;
  }
}

/** The path from the root of a file in scope. */
function pathBelow(file: string, { root, realRoot, excludes }: Tree): string | undefined {
  for (const top of [realRoot, root]) {
    const start = top.endsWith('/') ? top : `${top}/`;
    if (!file.startsWith(start)) continue;
    const path = file.slice(start.length);
    const parts = path.split('/');
    const isExcluded = parts.some((name, index) => excludes(parts.slice(0, index + 1).join('/'), name));
    return isExcluded ? undefined : path;
  }
  return undefined;
}

/** As the file system has it now; the root itself when it is not there. */
export function realRootOf(root: string): string {
  try {
    return realpathSync(root);
  } catch {
    return root;
  }
}

/**
 * Whether a digest is of a file's text as V8 gets to see it: decoded, without the byte order mark, and in the wrapper of
 * CommonJS where something has replaced how Node compiles. Only of a file that is still the one that was hashed.
 */
function isItsText(digest: string, absolutePath: string, hashed: string): boolean {
  try {
    const bytes = readFileSync(absolutePath);
    if (hash('sha256', bytes, 'hex') !== hashed) return false;
    const text = new TextDecoder().decode(bytes);
    return [text, Module.wrap(text)].some((seen) => hash('sha256', seen, 'hex') === digest);
  } catch {
    return false;
  }
}

function byPath(a: MatchedScript, b: MatchedScript): number {
  return a.path < b.path ? -1 : Number(a.path > b.path);
}
