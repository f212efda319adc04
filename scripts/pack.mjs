// Makes the tarball of a package as it is published, portal-health or portal-integrity: built from nothing, so that no file of a former build is in it,
// without what nobody needs who installs it: comments and white space in the code (what is worth knowing is in the
// types), source maps, declarations that no public one refers to, and what npm would install for our own tests. The code
// is in as few files as its entries allow: reading sixty small modules takes an application three times as long as
// reading the same in one.
//
//   node scripts/pack.mjs health [FOLDER]   leaves the tarball in FOLDER, by default here, and prints its path and size
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

/** Entries that no module imports: they are started as threads, by a path from the module that does. */
const THREADS = { health: [], integrity: ['watch/thread', 'scan/second-reader'] };

const [name, into = '.'] = process.argv.slice(2);
const threads = THREADS[name];
if (!threads) throw new Error(`Expected one of ${Object.keys(THREADS).join(', ')}, got ${name}.`);
const destination = resolve(into);
process.chdir(fileURLToPath(new URL('..', import.meta.url)));

const folder = mkdtempSync(join(tmpdir(), `portal-${name}-`));
try {
  const { devDependencies: _, ...manifest } = JSON.parse(
    readFileSync(`packages/${name}/package.json`, 'utf8'),
  );
  const dist = join(folder, 'dist');
  const modules = join(folder, 'modules');
  compile(dist, '--declaration', 'true', '--emitDeclarationOnly');
  compile(modules, '--declaration', 'false', '--removeComments');
  const entries = Object.values(manifest.exports).filter((path) => path.endsWith('.js'));
  dropDeclarationsBut(entries);
  await bundle([...entries, ...Object.values(manifest.bin)]);
  rmSync(modules, { recursive: true });
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  copyFileSync(`packages/${name}/README.md`, join(folder, 'README.md'));
  copyFileSync('LICENSE', join(folder, 'LICENSE'));
  const packed = JSON.parse(
    run('npm', ['pack', folder, '--json', '--ignore-scripts', '--pack-destination', destination]),
  );
  // An array until npm 11, an object by name since.
  const [{ filename, unpackedSize }] = Object.values(packed);
  process.stdout.write(`${join(destination, filename)} ${unpackedSize}\n`);

  function compile(outDir, ...options) {
    const plain = ['--composite', 'false', '--incremental', 'false', '--tsBuildInfoFile', 'null'];
    const small = ['--sourceMap', 'false', '--declarationMap', 'false'];
    run('node_modules/.bin/tsc', [
      '-p',
      `packages/${name}`,
      '--outDir',
      outDir,
      ...plain,
      ...small,
      ...options,
    ]);
  }

  /** The public entries at their places, and the threads beside the code that starts them by a name of its own. */
  async function bundle(paths) {
    const input = Object.fromEntries(
      paths
        .map((path) => path.replace(/^\.\/dist\/|\.js$/g, ''))
        .map((entry) => [entry, join(modules, `${entry}.js`)]),
    );
    for (const thread of threads) input[`src/${basename(thread)}`] = join(modules, `src/${thread}.js`);
    const made = await rolldown({
      input,
      external: (id) => !/^([./]|portal-shared)/.test(id),
      // What several packages need becomes part of each.
      resolve: { alias: { 'portal-shared': resolve('packages/shared/dist/src') } },
      platform: 'node',
      // No notes of where on this machine a module was.
      experimental: { attachDebugInfo: 'none' },
    });
    const { output } = await made.write({
      dir: dist,
      format: 'esm',
      // Names stay, for whoever reads a stack.
      minify: { compress: true, mangle: false, codegen: { removeWhitespace: true } },
      entryFileNames: '[name].js',
      // Beside the threads, which they know by a path from themselves.
      chunkFileNames: 'src/[name]-[hash].js',
    });
    await made.close();
    const code = output.map((file) => file.code).join('\n');
    const started = [...code.matchAll(/new URL\(["'`](.+?)["'`],\s*import\.meta\.url\)/g)];
    for (const [, path] of started) {
      if (!existsSync(join(dist, 'src', path)))
        throw new Error(`${path} is started as a thread, and not there.`);
    }
    if (started.length < threads.length) throw new Error('No code starts one of the threads any more.');
  }

  /** Keeps the declarations of `entries` and all that they refer to. */
  function dropDeclarationsBut(kept) {
    const needed = new Set();
    const visit = (file) => {
      if (needed.has(file)) return;
      needed.add(file);
      for (const [, target] of readFileSync(file, 'utf8').matchAll(/(?:from |import\()'(\.[^']+)\.js'/g)) {
        visit(join(dirname(file), `${target}.d.ts`));
      }
    };
    for (const entry of kept) visit(join(folder, entry.replace(/\.js$/, '.d.ts')));
    for (const entry of readdirSync(dist, { recursive: true })) {
      const file = join(dist, entry);
      if (entry.endsWith('.d.ts') && !needed.has(file)) rmSync(file);
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function run(command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (status === 0) return stdout;
  throw new Error(`${command} ${args.join(' ')} failed: ${error?.message ?? stdout + stderr}`);
}
