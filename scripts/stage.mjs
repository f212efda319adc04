// Makes the folder of which the tarball of a package is packed: built from nothing, so that no file of a former build is
// in it, without what nobody needs who installs it: comments and white space in the code (what is worth knowing is in the
// types), source maps, declarations that no public one refers to, and what npm would install for our own tests.
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { rolldown } from 'rolldown';
import { keepWhatEntriesNeed } from './declarations.mjs';

/** Of the libraries, entries that no module imports: they are started as threads, by a path from the module that does. */
const THREADS = { health: [], integrity: ['watch/scan-thread', 'scan/second-reader'] };
/** What portal-server has in its own tarball, and no registry has. */
const VENDORED = ['shared', 'dev-servers'];

const TSC = 'node_modules/typescript/bin/tsc';

/** Every package that is published, in the order in which they need each other. */
export const PUBLISHED = [...Object.keys(THREADS), 'server'];

/** Fills the empty `folder` with the package below `packages/NAME`. Runs in the root of the repository. */
export async function stage(name, folder) {
  buildWhatItRefersTo(name);
  const read = readManifest(name);
  const manifest = name === 'server' ? stageServer(read, folder) : await stageLibrary(name, read, folder);
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  copyFileSync(`packages/${name}/README.md`, join(folder, 'README.md'));
  copyFileSync('LICENSE', join(folder, 'LICENSE'));
}

/** The compiler takes the types of other packages from where they were built; their code comes from the sources. */
function buildWhatItRefersTo(name) {
  const { references } = JSON.parse(readFileSync(`packages/${name}/tsconfig.json`, 'utf8'));
  if (references.every(({ path }) => existsSync(join(`packages/${name}`, path, 'dist/src')))) return;
  run(process.execPath, [TSC, '-b', '--force', `packages/${name}`]);
}

/** Of the scripts, those of packing are for a checkout. The repository is known where a workflow of it packs. */
function readManifest(name) {
  const {
    devDependencies: _,
    scripts: __,
    ...manifest
  } = JSON.parse(readFileSync(`packages/${name}/package.json`, 'utf8'));
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: path } = process.env;
  if (!server || !path) return manifest;
  const repository = { type: 'git', url: `git+${server}/${path}.git`, directory: `packages/${name}` };
  return { ...manifest, repository };
}

/** In as few files as its entries allow: reading sixty small modules takes an application three times as long as one. */
async function stageLibrary(name, manifest, folder) {
  const dist = join(folder, 'dist');
  const modules = join(folder, 'modules');
  const shared = join(modules, 'shared');
  compile(name, dist, '--declaration', 'true', '--emitDeclarationOnly');
  compile(name, modules, '--declaration', 'false', '--removeComments');
  compile('shared', shared, '--declaration', 'false', '--removeComments');
  const entries = Object.values(manifest.exports).filter((path) => path.endsWith('.js'));
  keepWhatEntriesNeed(
    dist,
    entries.map((entry) => join(folder, entry.replace(/\.js$/, '.d.ts'))),
  );
  await bundle([...entries, ...Object.values(manifest.bin)], {
    modules,
    shared,
    dist,
    threads: THREADS[name],
  });
  rmSync(modules, { recursive: true });
  return manifest;
}

/** The public entries at their places, and the threads beside the code that starts them by a name of its own. */
async function bundle(paths, { modules, shared, dist, threads }) {
  const input = Object.fromEntries(
    paths
      .map((path) => path.replace(/^\.\/dist\/|\.js$/g, ''))
      .map((entry) => [entry, join(modules, `${entry}.js`)]),
  );
  for (const thread of threads) input[`src/${basename(thread)}`] = join(modules, `src/${thread}.js`);
  const made = await rolldown({
    input,
    external: (id) => !/^([./]|[A-Z]:|portal-shared)/.test(id),
    // What several packages need becomes part of each.
    resolve: { alias: { 'portal-shared': join(shared, 'src') } },
    platform: 'node',
    // No notes of where on this machine a module was.
    experimental: { attachDebugInfo: 'none' },
  });
  const { output } = await made.write({
    dir: dist,
    format: 'esm',
    // The names of functions stay, for whoever reads a stack.
    minify: {
      compress: true,
      mangle: { toplevel: true, keepNames: true },
      codegen: { removeWhitespace: true },
    },
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

/**
 * File by file, as it runs in a checkout: its threads, its migrations and its page are found by paths from the files
 * that want them, which a bundle would bend. What is private lies in it, named by paths; the rest comes from npm.
 */
function stageServer(manifest, folder) {
  const dist = join(folder, 'dist');
  const compiled = join(folder, 'compiled');
  for (const [name, place] of [['server', 'src'], ...VENDORED.map((one) => [one, one])]) {
    compile(name, compiled, '--declaration', 'false', '--removeComments');
    cpSync(join(compiled, 'src'), join(dist, place), { recursive: true });
    rmSync(compiled, { recursive: true });
  }
  for (const name of filesIn(dist, '.js')) nameByPaths(dist, join(dist, name));
  cpSync('packages/server/migrations', join(folder, 'migrations'), { recursive: true });
  run(process.execPath, ['scripts/page.mjs', join(folder, 'page')]);
  for (const name of filesIn('docs', '.md')) cpSync(join('docs', name), join(folder, 'docs', name));
  return withVendored(manifest);
}

/** `portal-shared/x` becomes `../../shared/x.js`. */
function nameByPaths(dist, file) {
  const text = readFileSync(file, 'utf8');
  const named = text.replace(
    /\b(from |import\(|import )(['"])portal-([a-z-]+)\/([\w/-]+)\2/g,
    (all, keyword, quote, name, path) => {
      if (!VENDORED.includes(name)) return all;
      const target = join(dist, name, `${path}.js`);
      if (!existsSync(target)) throw new Error(`${file} imports ${target}, which is not there.`);
      return `${keyword}${quote}${relative(dirname(file), target)
        .replaceAll('\\', '/')
        .replace(/^(?!\.)/, './')}${quote}`;
    },
  );
  const left = new RegExp(`['"\`]portal-(${VENDORED.join('|')})\\b`).exec(named);
  if (left) throw new Error(`${file} still names ${left[0]}, which no registry has.`);
  writeFileSync(file, named);
}

/** It needs what they need. */
function withVendored(manifest) {
  const dependencies = { ...manifest.dependencies };
  const optionalDependencies = { ...manifest.optionalDependencies };
  for (const name of VENDORED) {
    delete dependencies[`portal-${name}`];
    const vendored = readManifest(name);
    add(dependencies, vendored.dependencies);
    add(optionalDependencies, vendored.optionalDependencies);
  }
  for (const name of VENDORED) delete dependencies[`portal-${name}`];
  return { ...manifest, dependencies, optionalDependencies };
}

function add(dependencies, more = {}) {
  for (const [name, version] of Object.entries(more)) {
    if ((dependencies[name] ?? version) !== version)
      throw new Error(`${name} is wanted as ${version} and as ${dependencies[name]}.`);
    dependencies[name] = version;
  }
}

function filesIn(folder, end) {
  return readdirSync(folder, { recursive: true }).filter((name) => name.endsWith(end));
}

function compile(name, outDir, ...options) {
  const plain = ['--composite', 'false', '--incremental', 'false', '--tsBuildInfoFile', 'null'];
  const small = ['--sourceMap', 'false', '--declarationMap', 'false'];
  run(process.execPath, [TSC, '-p', `packages/${name}`, '--outDir', outDir, ...plain, ...small, ...options]);
}

/** Runs a program to its end, and gives what it printed. */
export function run(command, args, options = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', ...options });
  if (status === 0) return stdout;
  throw new Error(`${command} ${args.join(' ')} failed: ${error?.message ?? stdout + stderr}`);
}
