/** The packages of this very project against its lock file, and what becomes of one that is tampered with. */
import assert from 'node:assert/strict';
import { createHash, hash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { listTarball } from '../../src/dependencies/tarball.js';
import { parseLockFile } from '../../src/dependencies/lock-file.js';
import { run } from '../cli/program.js';
import { withFolder, write, type Contents } from '../trees.js';

/** A tar as npm packs it, with an extended header for names that do not fit. */
function tarball(contents: Contents): Buffer {
  const blocks: Buffer[] = [];
  for (const [path, content] of Object.entries(contents)) {
    const name = `package/${path}`;
    if (name.length > 100) {
      const record = ` path=${name}\n`;
      const length = record.length + String(record.length + 3).length;
      blocks.push(...entry('PaxHeader', 'x', Buffer.from(`${length}${record}`)));
    }
    blocks.push(...entry(name.slice(0, 99), '0', Buffer.from(content)));
  }
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}

function entry(name: string, type: string, body: Buffer): Buffer[] {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write(`${body.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write(type, 156);
  header.write('ustar\0', 257);
  return [header, body, Buffer.alloc((512 - (body.length % 512)) % 512)];
}

const LONG = `deep/${'x'.repeat(60)}/${'y'.repeat(60)}.js`;
const DEP = {
  'package.json': '{"main":"index.mjs"}',
  'index.mjs': "export default 'good';\n",
  [LONG]: 'long\n',
};
const INNER = { 'package.json': '{}', 'i.js': 'inner\n' };

/** A project as `npm ci` leaves it: lock file, cache, installed packages, a workspace. */
function withProject(work: (folder: string) => Promise<void>): Promise<void> {
  return withFolder(async (folder) => {
    const packages: Record<string, unknown> = {
      '': { name: 'app' },
      'packages/own': { name: 'own' },
      'node_modules/own': { resolved: 'packages/own', link: true },
      'node_modules/other-platform': { integrity: `sha512-${'A'.repeat(86)}==`, optional: true },
    };
    for (const [path, contents] of [
      ['node_modules/dep', DEP],
      ['node_modules/dep/node_modules/inner', INNER],
      ['packages/own/node_modules/@scope/inner', INNER],
    ] as const) {
      const bytes = tarball(contents);
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
      packages[path] = { integrity: `sha512-${createHash('sha512').update(bytes).digest('base64')}` };
      write(join(folder, 'app', path), contents);
    }
    write(join(folder, 'app'), {
      'package-lock.json': JSON.stringify({ lockfileVersion: 3, packages }),
      'src/main.js': 'main',
      'packages/own/index.js': 'own',
      'node_modules/.package-lock.json': '{}',
      'node_modules/.bin/tool': 'a link, usually',
    });
    symlinkSync('../packages/own', join(folder, 'app/node_modules/own'));
    await work(folder);
  });
}

const CHECK = ['dependencies', 'app', '--cache', 'cache'];

describe('the packages of a lock file', () => {
  test('as they were installed, by the cache and by a list made at build, whose hash sha256sum prints', () =>
    withProject(async (folder) => {
      const first = await run(CHECK, { cwd: folder });
      assert.deepEqual(
        [first.exit, first.stdout, first.stderr],
        [0, 'as locked app  3 packages, 7 files, 1 not installed\n', ''],
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

  const tampering: readonly [string, (app: string) => void, number, RegExp][] = [
    [
      'an edit',
      (app) => write(app, { 'node_modules/dep/index.mjs': 'EVIL' }),
      4,
      /modified {2}node_modules\/dep\/index\.mjs/,
    ],
    [
      'a file too many',
      (app) => write(app, { 'node_modules/dep/plant.js': 'EVIL' }),
      1,
      /added {5}node_modules\/dep\/plant\.js/,
    ],
    [
      'a package that shadows another one',
      (app) => write(app, { 'node_modules/dep/node_modules/fs-extra/index.js': 'EVIL' }),
      1,
      /added {5}node_modules\/dep\/node_modules\/fs-extra\//,
    ],
    [
      'a package that no lock file has',
      (app) => write(app, { 'node_modules/evil/index.js': 'EVIL' }),
      1,
      /node_modules\/evil\//,
    ],
    [
      'a package for another platform, planted',
      (app) => write(app, { 'node_modules/other-platform/i.js': 'EVIL' }),
      32,
      /^/,
    ],
    [
      'a file that is gone',
      (app) => rmSync(join(app, 'node_modules/dep/index.mjs')),
      2,
      /removed {3}node_modules\/dep\/index\.mjs/,
    ],
    [
      'one in a workspace’s own node_modules',
      (app) => write(app, { 'packages/own/node_modules/@scope/inner/i.js': 'EVIL' }),
      4,
      /modified {2}packages\/own\/node_modules\/@scope\/inner\/i\.js/,
    ],
    [
      'a link of a workspace that leads elsewhere',
      (app) => {
        rmSync(join(app, 'node_modules/own'));
        symlinkSync('/tmp', join(app, 'node_modules/own'));
      },
      4,
      /modified {2}node_modules\/own {2}does not lead to packages\/own/,
    ],
    [
      'a package that became a link',
      (app) => {
        renameSync(join(app, 'node_modules/dep'), join(app, 'elsewhere'));
        symlinkSync('../elsewhere', join(app, 'node_modules/dep'));
      },
      64 | 2,
      /removed/,
    ],
  ];
  for (const [name, tamper, exit, line] of tampering) {
    test(`${name} is told by name`, () =>
      withProject(async (folder) => {
        tamper(join(folder, 'app'));
        const told = await run(CHECK, { cwd: folder });
        assert.equal(told.exit, exit, told.stdout + told.stderr);
        assert.match(told.stdout, line);
      }));
  }

  test('a lock file that is none is one sentence', () =>
    withFolder(async (folder) => {
      write(folder, { 'package-lock.json': '{"lockfileVersion":1}' });
      const { exit, stderr } = await run(['dependencies', '.'], { cwd: folder });
      assert.deepEqual(
        [exit, stderr],
        [32, 'package-lock.json is not a lock file of npm, version 2 or 3.\n'],
      );
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
