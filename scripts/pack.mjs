// Makes the tarball of portal-health that is published: built from nothing, so that no file of a former build is in it,
// without what nobody needs who installs it: comments in the code (they are in the types), source maps, declarations
// that no public one refers to, and what npm would install for our own tests.
//
//   node scripts/pack.mjs [FOLDER]   leaves the tarball in FOLDER, by default here, and prints its path and size
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const destination = resolve(process.argv[2] ?? '.');
process.chdir(fileURLToPath(new URL('..', import.meta.url)));

const folder = mkdtempSync(join(tmpdir(), 'portal-health-'));
try {
  const { devDependencies: _, ...manifest } = JSON.parse(
    readFileSync('packages/health/package.json', 'utf8'),
  );
  const dist = join(folder, 'dist');
  compile('--declaration', 'true', '--emitDeclarationOnly');
  compile('--declaration', 'false', '--removeComments');
  dropDeclarationsBut(Object.values(manifest.exports).filter((path) => path.endsWith('.js')));
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  copyFileSync('packages/health/README.md', join(folder, 'README.md'));
  copyFileSync('LICENSE', join(folder, 'LICENSE'));
  const packed = JSON.parse(
    run('npm', ['pack', folder, '--json', '--ignore-scripts', '--pack-destination', destination]),
  );
  // An array until npm 11, an object by name since.
  const [{ filename, unpackedSize }] = Object.values(packed);
  process.stdout.write(`${join(destination, filename)} ${unpackedSize}\n`);

  function compile(...options) {
    const plain = ['--composite', 'false', '--incremental', 'false', '--tsBuildInfoFile', 'null'];
    const small = ['--sourceMap', 'false', '--declarationMap', 'false'];
    run('node_modules/.bin/tsc', ['-p', 'packages/health', '--outDir', dist, ...plain, ...small, ...options]);
  }

  /** Keeps the declarations of `entries` and all that they refer to. */
  function dropDeclarationsBut(entries) {
    const needed = new Set();
    const visit = (file) => {
      if (needed.has(file)) return;
      needed.add(file);
      for (const [, target] of readFileSync(file, 'utf8').matchAll(/(?:from |import\()'(\.[^']+)\.js'/g)) {
        visit(join(dirname(file), `${target}.d.ts`));
      }
    };
    for (const entry of entries) visit(join(folder, entry.replace(/\.js$/, '.d.ts')));
    for (const name of readdirSync(dist, { recursive: true })) {
      const file = join(dist, name);
      if (name.endsWith('.d.ts') && !needed.has(file)) rmSync(file);
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
