/** A project with packages as npm installs them. */
import { hash } from 'node:crypto';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { withFolder, write } from '../trees.js';
import { packed } from './packed.js';

const LONG = `deep/${'x'.repeat(60)}/${'y'.repeat(60)}.js`;
const DEP = {
  'package.json': '{"main":"index.mjs"}',
  'index.mjs': "export default 'good';\n",
  [LONG]: 'long\n',
};
const BUNDLER = { 'package.json': '{}', 'node_modules/bundled/index.js': 'bundled\n' };
const INNER = { 'package.json': '{}', 'i.js': 'inner\n' };

/** A project as `npm ci` leaves it: lock file, cache, installed packages, a workspace. */
export function withProject(work: (folder: string) => Promise<void> | void): Promise<void> {
  return withFolder(async (folder) => {
    const packages: Record<string, unknown> = {
      '': { name: 'app' },
      'packages/own': { name: 'own' },
      'node_modules/own': { resolved: 'packages/own', link: true },
      'node_modules/other-platform': { integrity: `sha512-${'A'.repeat(86)}==`, optional: true },
      'node_modules/for-tests': { integrity: `sha512-${'A'.repeat(86)}==`, dev: true },
      'node_modules/bundler/node_modules/bundled': { inBundle: true },
      'node_modules/from-git': { resolved: 'git+ssh://git@example.org/from-git.git#0123' },
    };
    for (const [path, contents] of [
      ['node_modules/dep', DEP],
      ['node_modules/dep/node_modules/inner', INNER],
      ['node_modules/bundler', BUNDLER],
      ['packages/own/node_modules/@scope/inner', INNER],
    ] as const) {
      const bytes = packed(contents);
      const digest = hash('sha512', bytes, 'hex');
      const cached = join(
        folder,
        'cache/content-v2/sha512',
        digest.slice(0, 2),
        digest.slice(2, 4),
        digest.slice(4),
      );
      mkdirSync(dirname(cached), { recursive: true });
      writeFileSync(cached, bytes);
      const integrity = `sha512-${hash('sha512', bytes, 'base64')}`;
      packages[path] = { integrity, bin: { [path.replaceAll('/', '-')]: 'index.mjs' } };
      write(join(folder, 'app', path), contents);
    }
    write(join(folder, 'app'), {
      'package-lock.json': JSON.stringify({ lockfileVersion: 3, packages }),
      'src/main.js': 'main',
      'packages/own/index.js': 'own',
      'node_modules/.package-lock.json': '{}',
      'node_modules/from-git/index.js': 'git',
    });
    mkdirSync(join(folder, 'app/node_modules/.bin'));
    symlinkSync('../dep/index.mjs', join(folder, 'app/node_modules/.bin/node_modules-dep'));
    symlinkSync('../packages/own', join(folder, 'app/node_modules/own'));
    await work(folder);
  });
}
