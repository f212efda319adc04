/**
 * How the process was started, and what besides scripts is in it: by the kernel where that can tell, because code that
 * runs in the process can rewrite `process.execArgv` and `process.env`. For the hashing thread.
 */
import { hash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { nativeCodeOf } from './native-code.js';
import { codeFilesOf, preloadsOf, splitCommandLine, splitOptions, valueOfOption } from './node-options.js';

export interface Launch {
  /** `NODE_OPTIONS` as of the start; `null` without. */
  readonly nodeOptions: string | null;
  /** What was asked for before any module of the application: `--import x`, `--require x`, `--loader x`, `--env-file x`. */
  readonly preloads: readonly string[];
  /** Whether one of them is known to rewrite sources. */
  readonly transforms: boolean;
}

const LOADER = /^--(?:experimental-)?loader[= ](?!data:)/;
/**
 * What compiles or instruments sources while they are loaded, by the names of the packages: as a specifier, in the text of
 * a `data:` module, or where packages lie. A folder that is merely called so is none.
 */
const TRANSFORMERS =
  /(?:^|["']|[/\\]node_modules[/\\])(?:tsx|ts-node|ts-node-dev|tsm|tsimp|esno|jiti|sucrase|esbuild-register|esbuild-runner|@swc|@swc-node|babel|@babel|nyc|istanbul[\w-]*|node-preload|append-transform|coffeescript)(?:[/\\"']|$)/;

/** @param execArgv - what to believe where the kernel does not tell */
export function readLaunch(execArgv: readonly string[]): Launch {
  const environment = zeroEnded('/proc/self/environ');
  const nodeOptions = environment
    ? (environment.find((entry) => entry.startsWith('NODE_OPTIONS='))?.slice('NODE_OPTIONS='.length) ?? null)
    : null;
  const words = zeroEnded('/proc/self/cmdline')?.slice(1) ?? execArgv;
  const preloads = [splitCommandLine(words).options, splitOptions(nodeOptions ?? '')].flatMap((options) =>
    preloadsOf(options).concat(codeFilesOf(options)),
  );
  return {
    nodeOptions: nodeOptions === '' ? null : nodeOptions,
    preloads,
    transforms: preloads.some((preload) => LOADER.test(preload) || TRANSFORMERS.test(valueOfOption(preload))),
  };
}

/**
 * Native code that is mapped into the process, addons and whatever else is not of the system: absolute paths. `undefined` where
 * the kernel does not tell.
 */
export function mappedAddons(): readonly string[] | undefined {
  const maps = read('/proc/self/maps');
  return maps === undefined ? undefined : nativeCodeOf(maps, realProgram());
}

/**
 * Tells whether a script is one of this very binary of Node, by name and digest; `undefined` where the binary does not
 * show what it holds. To be called in a thread of its own: the application can replace `process.binding`.
 */
export function createNodeScripts(): (name: string, digest: string) => boolean | undefined {
  let texts: Readonly<Record<string, string>> | undefined;
  const digests = new Map<string, string>();
  try {
    texts = (process as unknown as WithBinding).binding('natives');
  } catch {
    // Node's permission model does not let us.
  }

  return (name, digest) => {
    if (!texts) return undefined;
    const text = Object.hasOwn(texts, name.slice('node:'.length))
      ? texts[name.slice('node:'.length)]
      : undefined;
    if (text === undefined) return false;
    let own = digests.get(name);
    if (own === undefined) {
      own = hash('sha256', text, 'hex');
      digests.set(name, own);
    }
    return own === digest;
  };
}

function realProgram(): string {
  try {
    return readlinkSync('/proc/self/exe');
  } catch {
    return process.execPath;
  }
}

interface WithBinding {
  binding(name: 'natives'): Readonly<Record<string, string>>;
}

function zeroEnded(file: string): readonly string[] | undefined {
  return read(file)?.split('\0').slice(0, -1);
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
