// The manifest of a library as it is published. In a checkout there are ES modules at `dist/src/NAME.js`; what is published
// is CommonJS there, with `NAME.mjs` for `import` and `NAME.bundler.mjs` for bundlers before it, of a line each.
//
// It is this way round because Jest, ts-node and Node with `--no-experimental-require-module` cannot `require` an ES module.
// So there is one copy, whichever way it is asked for, unless it is installed twice.

/** Public modules without their ends, such as `src/adapters/express`. */
export function entriesOf(manifest) {
  return Object.values(manifest.exports)
    .filter((path) => path.endsWith('.js'))
    .map(stem);
}

/** The same of what is run, not imported. */
export function programsOf(manifest) {
  return Object.values(manifest.bin).map(stem);
}

function stem(path) {
  return path.replace(/^\.\/dist\/|\.js$/g, '');
}

/** What tools look for, whichever they are; a test asks each of them. */
export function inBothFormats({ exports, bin, engines, sideEffects, ...manifest }) {
  const entries = Object.entries(exports).filter(([, path]) => path.endsWith('.js'));
  const subpaths = entries.filter(([subpath]) => subpath !== '.');
  return {
    ...manifest,
    type: 'commonjs',
    engines,
    sideEffects: Array.isArray(sideEffects) ? [...new Set(sideEffects.flatMap(filesOf))] : sideEffects,
    bin: mapValues(bin, (path) => `./dist/${stem(path)}.mjs`),
    // For whatever does not know `exports`: TypeScript with `moduleResolution: node10`, and older bundlers.
    main: exports['.'],
    types: exports['.'].replace(/\.js$/, '.d.ts'),
    ...(subpaths.length > 0 && {
      typesVersions: {
        '*': Object.fromEntries(
          subpaths.map(([subpath, path]) => [subpath.slice(2), [path.replace(/\.js$/, '.d.ts')]]),
        ),
      },
    }),
    exports: mapValues(exports, (path) => (path.endsWith('.js') ? conditionsOf(path) : path)),
  };
}

/** Every file that stands for one of a checkout. */
function filesOf(path) {
  return [path, path.replace(/\.js$/, '.mjs'), path.replace(/\.js$/, '.bundler.mjs')];
}

function conditionsOf(path) {
  const bundled = path.replace(/\.js$/, '.bundler.mjs');
  return {
    // Only bundlers know it. They put things together as if by `import`, however it is asked for.
    module: bundled,
    // Node knows it, and Bun's bundler, which knows the one above too; a bundler that was given conditions of its own knows
    // neither. None follows `createRequire`.
    'node-addons': { import: path.replace(/\.js$/, '.mjs') },
    import: { types: path.replace(/\.js$/, '.d.mts'), default: bundled },
    require: { types: path.replace(/\.js$/, '.d.ts'), default: path },
  };
}

function mapValues(object, change) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));
}
