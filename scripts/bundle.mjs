// Puts the compiled modules of a library together: once for `import`, once for `require`.
import { basename, join } from 'node:path';
import { rolldown } from 'rolldown';

/** No notes of where on this machine a module was. */
const EXPERIMENTAL = { attachDebugInfo: 'none' };
/** The names of functions stay, for whoever reads a stack. */
const MINIFY = {
  compress: true,
  mangle: { toplevel: true, keepNames: true },
  codegen: { removeWhitespace: true },
};

/**
 * @param options.modules - the folder of the compiled modules; those of `shared` are in a folder of their own
 * @param options.entries - what is imported, as paths in both folders without their ends; `programs`: what is run
 * @param options.threads - which module names which thread. It is replaced by one that holds the thread's whole text:
 *   a file that nobody imports is lost when somebody bundles the library, and so is the path to it
 */
export async function bundle({ modules, shared, dist, entries, programs, threads }) {
  const texts = new Map();
  const base = {
    external: (id) => !/^([./]|[A-Z]:|portal-shared)/.test(id),
    // What several packages need becomes part of each.
    resolve: { alias: { 'portal-shared': join(shared, 'src') } },
    platform: 'node',
    experimental: EXPERIMENTAL,
    plugins: [inlineThreads(texts), takeFromNode()],
  };
  const placesOf = (stems) => Object.fromEntries(stems.map((entry) => [entry, join(modules, `${entry}.js`)]));

  for (const [naming, thread] of Object.entries(threads)) {
    const [{ code }] = await write({ ...base, input: join(modules, `${thread}.js`) }, { format: 'cjs' });
    texts.set(join(modules, `${naming}.js`), code);
  }
  const written = [
    ...(await write(
      { ...base, plugins: [...base.plugins, importAtOnce()], input: placesOf([...entries, ...programs]) },
      { format: 'esm', dir: dist },
    )),
    ...(await write({ ...base, input: placesOf(entries) }, { format: 'cjs', dir: dist })),
  ];
  for (const { fileName, code } of written) assertFitForAll(fileName, code);
}

async function write(input, { format, dir }) {
  const made = await rolldown(input);
  const end = format === 'esm' ? 'mjs' : 'js';
  const options = {
    format,
    minify: MINIFY,
    entryFileNames: `[name].${end}`,
    chunkFileNames: `src/[name]-[hash].${end}`,
    // A transpiled module says so, and has no other mark.
    esModule: true,
    generatedCode: { symbols: false },
    externalLiveBindings: false,
  };
  const { output } = dir === undefined ? await made.generate(options) : await made.write({ ...options, dir });
  await made.close();
  return output;
}

/** What a module that names a thread calls it: `scan-thread-entry.js` has `SCAN_THREAD`. */
function nameOf(id) {
  return basename(id, '-entry.js').replaceAll('-', '_').toUpperCase();
}

function inlineThreads(texts) {
  return {
    name: 'inline-threads',
    load(id) {
      const text = texts.get(id);
      return text === undefined ? undefined : `export const ${nameOf(id)} = ${JSON.stringify(text)};`;
    },
  };
}

/**
 * `import('node:tls')` becomes a call that is the same everywhere: neither Jest nor a single executable has `import()`, and
 * a bundle of ES modules has no `require`.
 */
function takeFromNode() {
  return {
    name: 'take-from-node',
    transform: (code) =>
      code.replace(
        /\bimport\((['"])(node:[\w/]+)\1\)/g,
        (_, quote, name) =>
          `new Promise((resolve, reject) => { const found = process.getBuiltinModule(${quote}${name}${quote}); ` +
          `if (found) resolve(found); else reject(new Error(${quote}This Node has no ${name}${quote})); })`,
      ),
  };
}

/**
 * `import('./part.js')` of a module of ours becomes an import as any other: rollup refuses to write one file of what is
 * loaded later. For `require` it is a `require`, which everything can follow, and stays late.
 */
function importAtOnce() {
  return {
    name: 'import-at-once',
    transform(code) {
      const paths = [];
      const text = code.replace(/\bimport\((['"])(\.[^'"]+)\1\)/g, (_, _quote, path) => {
        paths.push(path);
        return `Promise.resolve(late${paths.length})`;
      });
      if (paths.length === 0) return undefined;
      return paths.map((path, index) => `import * as late${index + 1} from '${path}';\n`).join('') + text;
    },
  };
}

/** What somebody else's bundler, or test runner, would stumble upon. */
function assertFitForAll(fileName, code) {
  for (const found of ['import.meta', 'import(', '__dirname', '__filename', 'createRequire']) {
    if (code.includes(found)) throw new Error(`${fileName} holds ${found}, which not every tool can follow.`);
  }
}
