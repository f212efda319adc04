/** node_modules as pnpm lays it out: the shape of a real installation of pnpm 10, written by hand. */
import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { run } from '../cli/program.js';
import { withFolder, write } from '../trees.js';
import { packed, toldAfter } from './packed.js';

const VERSIONS = [
  ['lodash', '4.17.20'],
  ['lodash', '4.17.21'],
  ['is-odd', '3.0.1'],
  ['@scope/number', '6.0.0'],
] as const;
const PATCHED = 'left-pad@1.3.0(patch_hash=abc)';

function lockFile(integrity: (name: string, version: string) => string): string {
  const packages = VERSIONS.map(
    ([name, version]) =>
      `  '${name}@${version}':\n    resolution: {integrity: ${integrity(name, version)}}\n    engines: {node: '>=4'}\n`,
  );
  return `lockfileVersion: '9.0'

settings:
  autoInstallPeers: true

importers:

  .:
    dependencies:
      lodash:
        specifier: ^4
        version: 4.17.21
      odd:
        specifier: npm:is-odd@3.0.1
        version: is-odd@3.0.1
      left-pad:
        specifier: 1.3.0
        version: 1.3.0(patch_hash=abc)
      own:
        specifier: workspace:*
        version: link:packages/own

  packages/own:
    dependencies:
      lodash:
        specifier: 4.17.20
        version: 4.17.20

packages:

${packages.join('\n')}
  '@scope/darwin@1.0.0':
    resolution: {integrity: sha512-${'A'.repeat(86)}==}
    os: [darwin]

  left-pad@1.3.0:
    resolution: {integrity: sha512-${'A'.repeat(86)}==}
    deprecated: 'use String.prototype.padStart(): it is there'

snapshots:

  lodash@4.17.20: {}

  lodash@4.17.21: {}

  '@scope/number@6.0.0': {}

  '@scope/darwin@1.0.0':
    optional: true

  ${PATCHED}: {}

  is-odd@3.0.1:
    dependencies:
      '@scope/number': 6.0.0
    optionalDependencies:
      '@scope/darwin': 1.0.0
`;
}

function withProject(work: (folder: string) => Promise<void> | void): Promise<void> {
  return withFolder(async (folder) => {
    const app = join(folder, 'app');
    const store = 'node_modules/.pnpm';
    const digests = new Map<string, string>();
    for (const [name, version] of VERSIONS) {
      const contents = {
        'package.json': JSON.stringify({ name, version }),
        'index.js': `${name} ${version}`,
      };
      const bytes = packed(contents);
      digests.set(`${name}@${version}`, `sha512-${hash('sha512', bytes, 'base64')}`);
      write(folder, { [`tarballs/${name.replace('/', '-')}-${version}.tgz`]: bytes });
      write(join(app, store, `${name.replace('/', '+')}@${version}`, 'node_modules', name), contents);
    }
    write(app, {
      'pnpm-lock.yaml': lockFile((name, version) => digests.get(`${name}@${version}`) ?? ''),
      'packages/own/index.js': 'own',
      'node_modules/.modules.yaml': 'layoutVersion: 5',
      'node_modules/.bin/odd': '#!/bin/sh\n',
      [`${store}/lock.yaml`]: 'lockfileVersion: 9',
      [`${store}/left-pad@1.3.0_patch_hash=abc/node_modules/left-pad/index.js`]: 'patched',
    });
    for (const [path, target] of Object.entries({
      'node_modules/lodash': '.pnpm/lodash@4.17.21/node_modules/lodash',
      'node_modules/odd': '.pnpm/is-odd@3.0.1/node_modules/is-odd',
      'node_modules/left-pad': '.pnpm/left-pad@1.3.0_patch_hash=abc/node_modules/left-pad',
      'node_modules/own': '../packages/own',
      'packages/own/node_modules/lodash': '../../../node_modules/.pnpm/lodash@4.17.20/node_modules/lodash',
      [`${store}/is-odd@3.0.1/node_modules/@scope/number`]:
        '../../../@scope+number@6.0.0/node_modules/@scope/number',
      [`${store}/node_modules/@scope/number`]: '../../@scope+number@6.0.0/node_modules/@scope/number',
    }))
      link(app, path, target);
    await work(folder);
  });
}

function link(app: string, path: string, target: string): void {
  rmSync(join(app, path), { force: true, recursive: true });
  mkdirSync(dirname(join(app, path)), { recursive: true });
  symlinkSync(target, join(app, path));
}

const CHECK = ['dependencies', 'app', '--cache', 'none', '--tarballs', 'tarballs'];

describe('packages as pnpm lays them out', () => {
  test('are as locked: aliases, workspaces, a patched one, one for another platform', () =>
    withProject(async (folder) => {
      const { exit, stdout, stderr } = await run([...CHECK, '--out', 'list'], { cwd: folder });
      assert.equal(exit, 0, stdout + stderr);
      assert.match(stdout, /as locked app {2}5 packages, 10 files, 1 not installed\n$/);
      assert.match(stderr, /^as it lies here: \S+left-pad is patched after it was unpacked\n$/);
      const later = await run(['dependencies', 'app', '--list', 'list'], { cwd: folder });
      assert.equal(later.exit, 0, later.stdout + later.stderr);
    }));

  const tampering: readonly [string, (app: string) => void, string][] = [
    [
      'an edit of the patched one',
      (app) => write(app, { 'node_modules/left-pad/index.js': 'EVIL' }),
      'modified node_modules/.pnpm/left-pad@1.3.0_patch_hash=abc/node_modules/left-pad/index.js',
    ],
    [
      'a link to another locked version',
      (app) => link(app, 'node_modules/lodash', '.pnpm/lodash@4.17.20/node_modules/lodash'),
      'modified node_modules/lodash does not lead to node_modules/.pnpm/lodash@4.17.21/node_modules/lodash',
    ],
    [
      'a link of a package’s own to something else',
      (app) => link(app, 'node_modules/.pnpm/is-odd@3.0.1/node_modules/@scope/number', '/tmp'),
      'modified node_modules/.pnpm/is-odd@3.0.1/node_modules/@scope/number does not lead to node_modules/.pnpm/@scope+number@6.0.0/node_modules/@scope/number',
    ],
    [
      'a folder in the place of a link',
      (app) => {
        rmSync(join(app, 'node_modules/odd'));
        write(app, { 'node_modules/odd/index.js': 'EVIL' });
      },
      'added node_modules/odd/index.js',
    ],
    [
      'a package that nobody asked for',
      (app) => link(app, 'node_modules/evil', '.pnpm/lodash@4.17.20/node_modules/lodash'),
      'E_SYMLINK node_modules/evil',
    ],
    [
      'a program with other text',
      (app) => write(app, { 'node_modules/.bin/odd': 'EVIL' }),
      'modified node_modules/.bin/odd',
    ],
  ];
  for (const [name, tamper, line] of tampering) {
    test(`${name} is told by name`, () =>
      withProject((folder) => {
        assert.deepEqual(toldAfter(join(folder, 'app'), 'pnpm-lock.yaml', tamper), [line]);
      }));
  }
});
