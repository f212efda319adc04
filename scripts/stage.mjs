// Makes the folder of which the tarball of a package is packed: built from nothing, so that no file of a former build is
// in it, without what nobody needs who installs it: comments and white space in the code (what is worth knowing is in the
// types), source maps, declarations that no public one refers to, and what npm would install for our own tests.
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { bundle } from './bundle.mjs';
import { keepWhatEntriesNeed } from './declarations.mjs';
import { entriesOf, inBothFormats, programsOf } from './formats.mjs';

/** Of the libraries, the modules that name a thread, each with the module that is the thread; the inner one first. */
const THREADS = {
  health: {},
  integrity: {
    'src/scan/second-reader-entry': 'src/scan/second-reader',
    'src/watch/scan-thread-entry': 'src/watch/scan-thread',
  },
};
/** Of the libraries, the modules that are not read before something of them is called, with all that only they need. */
const LATE = {
  health: ['src/watched-stores', 'src/probes/postgres/postgres-connections'],
  integrity: [],
};
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
  writeFileSync(join(folder, 'package.json'), textOf(manifest));
  writeFileSync(
    join(folder, 'README.md'),
    withLinks(readFileSync(`packages/${name}/README.md`, 'utf8'), manifest),
  );
  copyFileSync('LICENSE', join(folder, 'LICENSE'));
}

/** What holds nothing that holds something is one line: everybody who installs it has every space. */
function textOf(manifest) {
  const text = JSON.stringify(manifest, null, 1);
  return `${text.replace(/[{[]\n[^{}[\]]*[}\]]/g, (inner) => inner.replace(/\n +/g, ' '))}\n`;
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
  const homepage = `${server}/${path}/tree/main/packages/${name}#readme`;
  return { ...manifest, repository, homepage, bugs: `${server}/${path}/issues` };
}

/** What a README says lies in the repository is a link in what is published, once it is known where that is. */
function withLinks(readme, { homepage }) {
  if (homepage === undefined) return readme;
  const [root] = homepage.split('/packages/');
  return readme.replace(/`((?:docs|examples)\/[\w./-]*)`(?= of the repository)/g, `[\`$1\`](${root}/$1)`);
}

/** In as few files as its entries allow: reading sixty small modules takes an application three times as long as one. */
async function stageLibrary(name, manifest, folder) {
  const dist = join(folder, 'dist');
  const modules = join(folder, 'modules');
  const shared = join(modules, 'shared');
  compile(name, dist, '--declaration', 'true', '--emitDeclarationOnly');
  compile(name, modules, '--declaration', 'false', '--removeComments');
  compile('shared', shared, '--declaration', 'false', '--removeComments');
  const entries = entriesOf(manifest);
  keepWhatEntriesNeed(
    dist,
    entries.map((entry) => join(dist, `${entry}.d.ts`)),
  );
  // The types are the same in both formats; one file is written in the other's words.
  for (const entry of entries)
    writeFileSync(join(dist, `${entry}.d.mts`), `export * from './${basename(entry)}.js';\n`);
  const programs = programsOf(manifest);
  await bundle({ modules, shared, dist, entries, programs, threads: THREADS[name], late: LATE[name] });
  rmSync(modules, { recursive: true });
  return inBothFormats(manifest);
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
