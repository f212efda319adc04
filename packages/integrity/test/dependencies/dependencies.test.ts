/** The packages of this very project against its lock file, and what becomes of one that is tampered with. */
import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { listTarball } from '../../src/dependencies/tarball.js';
import { NO_LOCK_FILE, parseLockFile } from '../../src/dependencies/lock-file.js';
import { run } from '../cli/program.js';
import { withFolder, write } from '../trees.js';
import { packed, toldAfter } from './packed.js';
import { withProject } from './project.js';

const CHECK = ['dependencies', 'app', '--cache', 'cache'];

describe('the packages of a lock file', () => {
  test('as they were installed, by the cache and by a list made at build, whose hash sha256sum prints', () =>
    withProject(async (folder) => {
      const first = await run(CHECK, { cwd: folder });
      assert.deepEqual(
        [first.exit, first.stdout, first.stderr],
        [
          0,
          'as locked app  5 packages, 10 files, 2 not installed\n',
          'as it lies here: node_modules/from-git comes from git, of which the lock file has no digest\n',
        ],
      );
      const made = await run([...CHECK, '--out', 'dependencies.sha256'], { cwd: folder });
      const list = readFileSync(join(folder, 'dependencies.sha256'));
      assert.equal(made.exit, 0, made.stderr);
      assert.ok(made.stdout.includes(hash('sha256', list, 'hex')));
      rmSync(join(folder, 'cache'), { recursive: true });
      const later = await run(['dependencies', 'app', '--list', 'dependencies.sha256'], { cwd: folder });
      assert.equal(later.exit, 0, later.stdout);
      const alone = await run(CHECK, { cwd: folder });
      assert.equal((alone.exit ?? 0) & 32, 32, 'without cache and list it is open');
    }));

  const tampering: readonly [string, (app: string) => void, string | readonly string[]][] = [
    [
      'an edit',
      (app) => write(app, { 'node_modules/dep/index.mjs': 'EVIL' }),
      'modified node_modules/dep/index.mjs',
    ],
    [
      'a file too many',
      (app) => write(app, { 'node_modules/dep/plant.js': 'EVIL' }),
      'added node_modules/dep/plant.js',
    ],
    [
      'a package that shadows another one',
      (app) => write(app, { 'node_modules/dep/node_modules/fs-extra/index.js': 'EVIL' }),
      'added node_modules/dep/node_modules/fs-extra/index.js',
    ],
    [
      'a package that no lock file has',
      (app) => write(app, { 'node_modules/evil/index.js': 'EVIL' }),
      'added node_modules/evil/index.js',
    ],
    [
      'one above a workspace, where the lock file has none',
      (app) => write(app, { 'packages/node_modules/evil/index.js': 'EVIL' }),
      'added packages/node_modules/evil/index.js',
    ],
    [
      'one nearer to the code than any of the lock file',
      (app) => write(app, { 'src/lib/node_modules/dep/index.js': 'EVIL' }),
      'added src/lib/node_modules/dep/index.js',
    ],
    [
      'one in a folder in which builds put code, though its name begins with a dot',
      (app) => write(app, { '.next/server/node_modules/dep/index.js': 'EVIL' }),
      'added .next/server/node_modules/dep/index.js',
    ],
    [
      'a nearer one that is a link',
      (app) => {
        write(app, { '../planted/dep/index.js': 'EVIL' });
        symlinkSync('../../planted', join(app, 'src/node_modules'));
      },
      'added src/node_modules/dep/index.js',
    ],
    [
      'a file that CommonJS takes before the folder of a package',
      (app) => write(app, { 'node_modules/dep.js': 'EVIL' }),
      'added node_modules/dep.js',
    ],
    [
      'a bundled one',
      (app) => write(app, { 'node_modules/bundler/node_modules/bundled/index.js': 'EVIL' }),
      'modified node_modules/bundler/node_modules/bundled/index.js',
    ],
    [
      'another version of one, which the lock file has elsewhere',
      (app) => write(app, { 'node_modules/dep/package.json': '{"main":"index.mjs","version":"2.0.0"}' }),
      'modified node_modules/dep/package.json',
    ],
    [
      'a program that leads elsewhere',
      (app) => {
        rmSync(join(app, 'node_modules/.bin/node_modules-dep'));
        symlinkSync('/tmp/evil', join(app, 'node_modules/.bin/node_modules-dep'));
      },
      'modified node_modules/.bin/node_modules-dep does not lead to node_modules/dep/index.mjs',
    ],
    [
      'a program that no package has',
      (app) => symlinkSync('/tmp/evil', join(app, 'node_modules/.bin/evil')),
      'E_SYMLINK node_modules/.bin/evil',
    ],
    [
      'a link in a package',
      (app) => symlinkSync('index.mjs', join(app, 'node_modules/dep/index.js')),
      'E_SYMLINK node_modules/dep/index.js',
    ],
    [
      'a package for another platform, planted',
      (app) => write(app, { 'node_modules/other-platform/i.js': 'EVIL' }),
      'node_modules/other-platform lies there and is not in the list',
    ],
    [
      'a file that is gone',
      (app) => rmSync(join(app, 'node_modules/dep/index.mjs')),
      'removed node_modules/dep/index.mjs',
    ],
    [
      'one in a workspace’s own node_modules',
      (app) => write(app, { 'packages/own/node_modules/@scope/inner/i.js': 'EVIL' }),
      'modified packages/own/node_modules/@scope/inner/i.js',
    ],
    [
      'a link of a workspace that leads elsewhere',
      (app) => {
        rmSync(join(app, 'node_modules/own'));
        symlinkSync('/tmp', join(app, 'node_modules/own'));
      },
      'modified node_modules/own does not lead to packages/own',
    ],
    [
      'a folder in the place of the link of a workspace',
      (app) => {
        rmSync(join(app, 'node_modules/own'));
        write(app, { 'node_modules/own/index.js': 'EVIL' });
      },
      ['added node_modules/own/index.js', 'removed node_modules/own does not lead to packages/own'],
    ],
    [
      'a package that became a link',
      (app) => {
        renameSync(join(app, 'node_modules/dep'), join(app, '../elsewhere'));
        symlinkSync('../../elsewhere', join(app, 'node_modules/dep'));
      },
      ['removed node_modules/dep/', 'E_SYMLINK node_modules/dep'],
    ],
  ];
  for (const [name, tamper, line] of tampering) {
    test(`${name} is told by name`, () =>
      withProject((folder) => {
        assert.deepEqual(toldAfter(join(folder, 'app'), 'package-lock.json', tamper), [line].flat());
      }));
  }

  test('folders elsewhere in which Node looks are told', () =>
    withProject(async (folder) => {
      write(folder, { 'node_modules/optional/index.js': 'EVIL', 'path/optional/index.js': 'EVIL' });
      const { exit, stderr } = await run(CHECK, {
        cwd: folder,
        env: { ...process.env, NODE_PATH: join(folder, 'path') },
      });
      assert.equal(exit, 0);
      for (const place of ['node_modules', 'path'])
        assert.ok(stderr.includes(`Node also looks into ${join(folder, place)}\n`), stderr);
    }));

  test('one that is patched is told, and is as it should be once it was listed as it lies there', () =>
    withProject(async (folder) => {
      write(join(folder, 'app'), { 'node_modules/dep/index.mjs': 'patched' });
      assert.equal((await run(CHECK, { cwd: folder })).exit, 4);
      const path = 'node_modules/dep';
      const out = ['--out', 'list', '--as-built', path];
      const made = await run([...CHECK, ...out], { cwd: folder });
      assert.deepEqual(
        [made.exit, made.stderr.includes(`as it lies here: ${path} was asked for`)],
        [0, true],
      );
      write(join(folder, 'app'), { 'node_modules/dep/index.mjs': 'EVIL' });
      const later = await run(['dependencies', 'app', '--list', 'list'], { cwd: folder });
      assert.equal(later.exit, 4, later.stdout);
    }));

  test('a node_modules that belongs to the source is listed as it lies there, and held to that', () =>
    withProject(async (folder) => {
      write(join(folder, 'app'), { 'src/fixture/node_modules/x/i.js': 'ours' });
      assert.equal((await run(CHECK, { cwd: folder })).exit, 1);
      const made = await run([...CHECK, '--out', 'list', '--as-built', 'src/fixture/node_modules'], {
        cwd: folder,
      });
      assert.equal(made.exit, 0, made.stdout);
      write(join(folder, 'app'), { 'src/fixture/node_modules/x/i.js': 'EVIL' });
      const later = await run(['dependencies', 'app', '--list', 'list'], { cwd: folder });
      assert.equal(later.exit, 4, later.stdout);
    }));

  test('a tarball that the cache does not have is asked for by the line that fetches it, or found in a folder', () =>
    withProject(async (folder) => {
      const lock: unknown = JSON.parse(readFileSync(join(folder, 'app/package-lock.json'), 'utf8'));
      const bytes = packed({ 'package.json': '{}' });
      const integrity = `sha512-${hash('sha512', bytes, 'base64')}`;
      assert.ok(typeof lock === 'object' && lock !== null && 'packages' in lock);
      const packages = { ...(lock.packages as object), 'node_modules/late': { version: '1.0.0', integrity } };
      write(join(folder, 'app'), {
        'package-lock.json': JSON.stringify({ packages }),
        'node_modules/late/package.json': '{}',
      });
      const open = await run(CHECK, { cwd: folder });
      assert.equal(open.exit, 32);
      assert.match(
        open.stderr,
        /node_modules\/late is not in the cache of npm: `npm cache add late@1\.0\.0`/,
      );
      write(folder, { 'tarballs/late-1.0.0.tgz': bytes });
      const found = await run([...CHECK, '--tarballs', 'tarballs'], { cwd: folder });
      assert.equal(found.exit, 0, found.stderr);
    }));

  test('a lock file that is none is one sentence', () =>
    withFolder(async (folder) => {
      write(folder, { 'package-lock.json': '{"lockfileVersion":1}' });
      const { exit, stderr } = await run(['dependencies', '.'], { cwd: folder });
      assert.deepEqual([exit, stderr], [32, `package-lock.json ${NO_LOCK_FILE}.\n`]);
    }));

  test('a damaged tarball is refused, and of two digests the SHA-512 counts', () => {
    assert.throws(() => listTarball(gzipSync(Buffer.from('x'.repeat(600)))));
    assert.throws(() => listTarball(Buffer.from('no gzip')));
    const integrity = `sha1-AAAA sha512-${'A'.repeat(86)}==`;
    const lock = parseLockFile(
      JSON.stringify({ packages: { 'node_modules/a': { integrity }, 'node_modules/b': {} } }),
    );
    assert.equal(lock?.packages[0]?.tarball, '0'.repeat(128));
    assert.deepEqual(lock.uncovered, [{ path: 'node_modules/b', why: 'has no SHA-512 in the lock file' }]);
  });
});
