// The manifest of a library as it is published. In a checkout there are modules of one format at `dist/src/NAME.js`; what is
// published has each of them twice, made of the same source: `NAME.js` for `require`, `NAME.mjs` for `import`.
//
// Neither is a wrapper of the other. Node 20 takes 30 ms instead of 8 to import this much CommonJS, because it looks for the
// names in its text; and Jest, ts-node and Node with `--no-experimental-require-module` cannot `require` a module of the other
// format. So two copies can meet in one process, and nothing in the libraries may tell them apart.

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
export function inBothFormats({ exports, bin, engines, ...manifest }) {
  const entries = Object.entries(exports).filter(([, path]) => path.endsWith('.js'));
  const subpaths = entries.filter(([subpath]) => subpath !== '.');
  return {
    ...manifest,
    type: 'commonjs',
    engines,
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

function conditionsOf(path) {
  const module = path.replace(/\.js$/, '.mjs');
  return {
    // Only bundlers know it, which so have one copy, however it is asked for.
    module,
    import: { types: path.replace(/\.js$/, '.d.mts'), default: module },
    require: { types: path.replace(/\.js$/, '.d.ts'), default: path },
  };
}

function mapValues(object, change) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));
}
