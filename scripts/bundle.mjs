// Puts the compiled modules of a library together: what is imported as CommonJS, with thin ES modules before each entry, and
// what is run. `formats.mjs` says why.
import { writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
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
 * Test runners put others in the place of these globals: timers that are mere numbers, as a browser's are, and clocks that
 * stand still. What watches in the background goes by Node's own all the same.
 */
const OF_NODE = {
  ...Object.fromEntries(
    ['Timeout', 'Interval', 'Immediate']
      .flatMap((kind) => [`set${kind}`, `clear${kind}`])
      .map((name) => [name, ['node:timers', name]]),
  ),
  performance: ['node:perf_hooks', 'performance'],
  TextDecoder: ['node:util', 'TextDecoder'],
};

/**
 * @param options.modules - the folder of the compiled modules; those of `shared` are in a folder of their own
 * @param options.entries - what is imported, as paths in both folders without their ends; `programs`: what is run
 * @param options.threads - which module names which thread. It is replaced by one that holds the thread's whole text:
 *   a file that nobody imports is lost when somebody bundles the library, and so is the path to it
 */
export async function bundle({ modules, shared, dist, entries, programs, threads, late }) {
  const placesOf = (stems) => Object.fromEntries(stems.map((entry) => [entry, join(modules, `${entry}.js`)]));
  const texts = new Map();
  const imports = new Map();
  const base = {
    external: (id) => !/^([./]|[A-Z]:|portal-shared)/.test(id),
    // What several packages need becomes part of each.
    resolve: { alias: { 'portal-shared': join(shared, 'src') } },
    platform: 'node',
    transform: { inject: OF_NODE },
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
  const groups = createGroups(imports, Object.values(input), Object.values(placesOf(late)));
  const output = {
    format: 'cjs',
    dir: dist,
    codeSplitting: { groups, includeDependenciesRecursively: false },
  };
  for (const { fileName, code, isEntry, exports } of await write(
    { ...base, input, preserveEntrySignatures: 'allow-extension' },
    output,
  )) {
    assertFitForAll(fileName, code);
    if (isEntry) writeWrappers(join(dist, fileName), code, exports);
  }
}

async function write(input, { format, ...output }) {
  const made = await rolldown(input);
  const end = format === 'esm' ? 'mjs' : 'js';
  const options = {
    ...output,
    format,
    minify: MINIFY,
    comments: false,
    entryFileNames: `[name].${end}`,
    chunkFileNames: `src/[name]-[hash].${end}`,
    generatedCode: { symbols: false },
    externalLiveBindings: false,
    dynamicImportInCjs: false,
    plugins: format === 'cjs' ? [takeFromNode(), takeAsItIs(), takeLate(), handCoreOn()] : [],
  };
  const { output: written } = await (output.dir === undefined ? made.generate(options) : made.write(options));
  await made.close();
  return written;
}

/**
 * The two thin modules of an entry. Node's `import` of CommonJS looks for the names in the text, which takes three times as
 * long as to run it, so the one for Node asks for it by `require`; that for bundlers, which do not follow this, imports it.
 */
function writeWrappers(file, code, names) {
  const from = `./${basename(file)}`;
  const { path, names: exported } = handedOn(code) ?? { path: from, names };
  const take = `process.getBuiltinModule('node:module').createRequire(import.meta.url)`;
  writeFileSync(file.replace(/js$/, 'mjs'), `${taken(exported)}${take}(${JSON.stringify(path)});\n`);
  const imported = JSON.stringify(from);
  writeFileSync(
    file.replace(/js$/, 'bundler.mjs'),
    names.length === 0
      ? `import ${imported};\n`
      : `import library from ${imported};\n${taken(names)}library;\n`,
  );
}

function taken(names) {
  return names.length === 0 ? '' : `export const { ${names.join(', ')} } = `;
}

/** The file of which an entry that has nothing of its own hands on what it gives: who takes it from there reads one less. */
function handedOn(code) {
  const [, path, list] =
    /^const e=require\("(.*?)"\);((?:exports\.\w+=e\.[\w$]+[,;])+)$/.exec(code.trim()) ?? [];
  if (list === undefined) return undefined;
  const names = [...list.matchAll(/exports\.(\w+)=e\.([\w$]+)/g)];
  return { path, names: names.map(([, name, theirs]) => `${theirs}: ${name}`) };
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
 * Which modules are one file: `core`, which is what the main entry needs at once, or two others; and `late`, which is what
 * only the modules `late` need. Each file more takes an application a third of a millisecond. What is imported by `import()`
 * stays apart.
 */
function createGroups(imports, [main, ...others], late) {
  let groups;
  function find() {
    const counts = new Map();
    for (const id of reached(imports, [main], late)) counts.set(id, 2);
    for (const entry of others)
      for (const id of reached(imports, [entry], late)) counts.set(id, (counts.get(id) ?? 0) + 1);
    for (const entry of [main, ...others]) counts.delete(entry);
    const core = new Set([...counts].filter(([, count]) => count > 1).map(([id]) => id));
    return { core, late: new Set([...reached(imports, late)].filter((id) => !core.has(id))) };
  }
  return ['core', 'late'].map((name) => ({ name, test: (id) => (groups ??= find())[name].has(id) }));
}

/** Everything that `from` needs at once; what only those of `without` need is left out. */
function reached(imports, from, without = []) {
  const found = new Set(from);
  for (const id of found) {
    for (const next of imports.get(id) ?? []) if (!without.includes(next)) found.add(next);
  }
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

const GIVEN_BY_FUNCTION =
  /Object\.defineProperty\(exports, "([\w$]+)", \{\s*enumerable: true,\s*get: function ?\(\) \{\s*return ([\w$]+);\s*\}\s*\}\);/g;

/**
 * Files give and take what there is. Rolldown takes a copy with a `default`, which nothing here asks for, by a file of its
 * own, which every application would read; and it gives each name by a function, for the sake of variables that change.
 */
function takeAsItIs() {
  return {
    name: 'take-as-it-is',
    renderChunk(code) {
      if (/\bnode_\w+\.default\b/.test(code))
        throw new Error('What comes from Node is imported by its names.');
      return code
        .replace(/\brequire_rolldown_runtime\.\w+\(((?:[^()]|\([^()]*\))*?)(?:, 1)?\)/g, '$1')
        .replace(/^const require_rolldown_runtime = .*\n/m, '')
        .replace(GIVEN_BY_FUNCTION, (_, name, variable) => {
          if (new RegExp(`^let ${variable}\\b`, 'm').test(code)) throw new Error(`${variable} may change.`);
          return `exports.${name} = ${variable};`;
        });
    },
    generateBundle(_, files) {
      for (const name of Object.keys(files)) if (/\brolldown-runtime-/.test(name)) delete files[name];
    },
  };
}

/** What is late is asked for where something of it is called, not where it is named: read in a moment, and without waiting. */
function takeLate() {
  return {
    name: 'take-late',
    renderChunk(code) {
      const late = code.replace(/\brequire_late\b/g, 'require_late()');
      return late.replace(/const require_late\(\) = (require\(.*?\));/, 'const require_late = () => $1;');
    },
  };
}

const REQUIRED = /\brequire\((["'`])(\.[^"'`]+)\1\)/g;

/**
 * What is read later, and needs `core` itself, is a function of it: two files that ask for each other would be a circle,
 * of which bundlers warn everybody who puts the library into a program.
 */
function handCoreOn() {
  return {
    name: 'hand-core-on',
    generateBundle(_, files) {
      const chunks = Object.values(files).filter(({ type }) => type === 'chunk');
      const core = chunks.find(({ name }) => name === 'core')?.fileName;
      if (core === undefined) return;
      const needs = new Map(
        chunks.map(({ fileName, code }) => [
          fileName,
          [...code.matchAll(REQUIRED)].map(([, , asked]) => join(dirname(fileName), asked)),
        ]),
      );
      const later = new Set(
        [...reached(needs, [core])].filter((file) => file !== core && reached(needs, [file]).has(core)),
      );
      for (const chunk of chunks) {
        const { fileName } = chunk;
        const isLater = later.has(fileName);
        const code = chunk.code.replace(REQUIRED, (all, _quote, asked) => {
          const file = join(dirname(fileName), asked);
          if (file !== core && !later.has(file)) return all;
          const theCore = all.replace(basename(file), basename(core));
          const own = fileName === core ? 'exports' : isLater ? 'core' : theCore;
          return file === core ? own : `${all}(${own})`;
        });
        chunk.code = isLater
          ? `let made;module.exports=core=>made??=(exports=>{${code.trim()}return exports})({});\n`
          : code;
      }
    },
  };
}

/** What somebody else's bundler, or test runner, would stumble upon. */
function assertFitForAll(fileName, code) {
  const [found] =
    /rolldown-runtime|import\.meta|\bimport\(|__dirname|__filename|\brequire\((?!["'`]\.)/.exec(code) ?? [];
  if (found !== undefined) throw new Error(`${fileName} holds ${found}, which not every tool can follow.`);
}
