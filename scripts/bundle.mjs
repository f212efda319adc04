// Puts the compiled modules of a library together: what is imported as CommonJS, with thin ES modules before each entry, and
// what is run. `formats.mjs` says why.
import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { rolldown } from 'rolldown';

/** No notes of where on this machine a module was. */
const EXPERIMENTAL = { attachDebugInfo: 'none' };
/** Frameworks show the names of classes; those of functions would be 18 kB of what everybody installs. */
const MINIFY = {
  compress: true,
  mangle: { toplevel: true, keepNames: { class: true, function: false } },
  codegen: { removeWhitespace: true },
};

/**
 * @param options.modules - the folder of the compiled modules; those of `shared` are in a folder of their own
 * @param options.entries - what is imported, as paths in both folders without their ends; `programs`: what is run
 * @param options.threads - which module names which thread. It is replaced by one that holds the thread's whole text:
 *   a file that nobody imports is lost when somebody bundles the library, and so is the path to it
 */
export async function bundle({ modules, shared, dist, entries, programs, threads }) {
  const placesOf = (stems) => Object.fromEntries(stems.map((entry) => [entry, join(modules, `${entry}.js`)]));
  const texts = new Map();
  const imports = new Map();
  const base = {
    external: (id) => !/^([./]|[A-Z]:|portal-shared)/.test(id),
    // What several packages need becomes part of each.
    resolve: { alias: { 'portal-shared': join(shared, 'src') } },
    platform: 'node',
    experimental: EXPERIMENTAL,
    plugins: [inlineThreads(texts), noteImports(imports)],
  };

  for (const [naming, thread] of Object.entries(threads)) {
    const [{ code }] = await write({ ...base, input: join(modules, `${thread}.js`) }, { format: 'cjs' });
    texts.set(join(modules, `${naming}.js`), code);
  }
  await write({ ...base, input: placesOf(programs) }, { format: 'esm', dir: dist });
  imports.clear();
  const input = placesOf(entries);
  const core = { name: 'core', test: createCoreTest(imports, Object.values(input)) };
  const output = { format: 'cjs', dir: dist, codeSplitting: { groups: [core] } };
  for (const { fileName, code, isEntry, exports } of await write({ ...base, input }, output)) {
    assertFitForAll(fileName, code);
    if (isEntry) writeWrappers(join(dist, fileName), exports);
  }
}

async function write(input, { format, ...output }) {
  const made = await rolldown(input);
  const end = format === 'esm' ? 'mjs' : 'js';
  const options = {
    ...output,
    format,
    minify: MINIFY,
    entryFileNames: `[name].${end}`,
    chunkFileNames: `src/[name]-[hash].${end}`,
    generatedCode: { symbols: false },
    externalLiveBindings: false,
    dynamicImportInCjs: false,
    plugins: format === 'cjs' ? [takeFromNode()] : [],
  };
  const { output: written } = await (output.dir === undefined ? made.generate(options) : made.write(options));
  await made.close();
  return written;
}

/**
 * The two thin modules of an entry. Node's `import` of CommonJS looks for the names in the text, which takes three times as
 * long as to run it, so the one for Node asks for it by `require`; that for bundlers, which do not follow this, imports it.
 */
function writeWrappers(file, names) {
  const from = JSON.stringify(`./${basename(file)}`);
  const exported = names.length === 0 ? '' : `export const { ${names.join(', ')} } = `;
  writeFileSync(
    file.replace(/js$/, 'mjs'),
    `import { createRequire } from 'node:module';\n${exported}createRequire(import.meta.url)(${from});\n`,
  );
  writeFileSync(
    file.replace(/js$/, 'bundler.mjs'),
    names.length === 0 ? `import ${from};\n` : `import library from ${from};\n${exported}library;\n`,
  );
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

/** Notes which module needs which others at once. */
function noteImports(imports) {
  return {
    name: 'note-imports',
    moduleParsed: ({ id, importedIds }) => void imports.set(id, importedIds),
  };
}

/**
 * Which modules are one file: those that the main entry needs at once, or two others. Each file more takes an application
 * a third of a millisecond. What is loaded late stays apart.
 */
function createCoreTest(imports, [main, ...others]) {
  let core;
  function find() {
    const counts = new Map();
    for (const id of reached(imports, main)) counts.set(id, 2);
    for (const entry of others)
      for (const id of reached(imports, entry)) counts.set(id, (counts.get(id) ?? 0) + 1);
    for (const entry of [main, ...others]) counts.delete(entry);
    return new Set([...counts].filter(([, count]) => count > 1).map(([id]) => id));
  }
  return (id) => (core ??= find()).has(id);
}

function reached(imports, from) {
  const found = new Set([from]);
  for (const id of found) for (const next of imports.get(id) ?? []) found.add(next);
  return found;
}

/**
 * What comes from Node is taken from the process, at the place where it is needed: in a bundle of ES modules there is no
 * `require`, and neither Jest nor a single executable has `import()`.
 */
function takeFromNode() {
  return {
    name: 'take-from-node',
    renderChunk: (code) => code.replace(/\brequire\((["'`])node:/g, 'process.getBuiltinModule($1node:'),
  };
}

/** What somebody else's bundler, or test runner, would stumble upon. */
function assertFitForAll(fileName, code) {
  const [found] = /import\.meta|\bimport\(|__dirname|__filename|\brequire\((?!["'`]\.)/.exec(code) ?? [];
  if (found !== undefined) throw new Error(`${fileName} holds ${found}, which not every tool can follow.`);
}
