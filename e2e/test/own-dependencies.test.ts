/**
 * The packages of this very project, as a fresh `npm ci` installs them: `portal-integrity dependencies` finds nothing to say
 * of them, and names what is tampered with in ways that npm does not see.
 */
import assert from 'node:assert/strict';
import { appendFile, copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { execute, REPOSITORY } from './packed.js';

const PROGRAM = join(REPOSITORY, 'packages/integrity/dist/src/cli/portal-integrity.js');

let folder: string;
let cache: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portal-own-'));
  const { workspaces }: { workspaces: readonly string[] } = JSON.parse(
    await readFile(join(REPOSITORY, 'package.json'), 'utf8'),
  );
  const files = [
    'package-lock.json',
    '.npmrc',
    ...['.', ...workspaces].map((path) => join(path, 'package.json')),
  ];
  for (const file of files) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await copyFile(join(REPOSITORY, file), join(folder, file));
  }
  // As it is deployed: the packages of tests are six times as many files.
  const without = ['--omit=dev', '--omit=optional', '--ignore-scripts', '--no-audit', '--no-fund'];
  await execute('npm', ['ci', ...without, '--prefer-offline', '--loglevel=error'], {
    cwd: folder,
    timeout: 500_000,
  });
  cache = join((await execute('npm', ['config', 'get', 'cache'])).stdout.trim(), '_cacache');
});

after(() => rm(folder, { recursive: true, force: true }));

/** @returns exit code, and all that was printed */
async function dependencies(...args: readonly string[]): Promise<[number, string]> {
  try {
    const { stdout, stderr } = await execute(process.execPath, [PROGRAM, 'dependencies', folder, ...args], {
      timeout: 600_000,
      maxBuffer: 64 * 1024 ** 2,
    });
    return [0, `${stderr}${stdout}`];
  } catch (error) {
    const { code, stdout, stderr } = error as { code: unknown; stdout: string; stderr: string };
    assert.ok(typeof code === 'number', String(error));
    return [code, `${stderr}${stdout}`];
  }
}

test('a fresh install is as locked, and what is edited, planted, shadowed or led astray is named', async () => {
  const list = join(folder, 'dependencies.sha256');
  const [exit, text] = await dependencies('--cache', cache, '--out', list);
  assert.equal(exit, 0, text);
  assert.match(text, /^as locked .* \d+ packages, \d{4,} files, \d+ not installed$/m);
  assert.doesNotMatch(text, /not covered/);
  assert.equal((await dependencies('--list', list))[0], 0);

  const write = async (path: string) => {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), 'EVIL');
  };
  await appendFile(join(folder, 'node_modules/pg/lib/index.js'), '// EVIL\n');
  await write('node_modules/pg.js');
  await write('node_modules/pino/node_modules/sonic-boom/index.js');
  await write('packages/server/node_modules/pino/index.js');
  await write('packages/server/dist/src/node_modules/pino/index.js');
  await rm(join(folder, 'node_modules/portal-health'));
  await symlink('/tmp', join(folder, 'node_modules/portal-health'));
  const [differs, told] = await dependencies('--list', list);
  assert.equal(differs, 5, told);
  const changes = told.split('\n').filter((line) => /^ {2}[a-z]/.test(line));
  assert.deepEqual(changes.toSorted(), [
    '  added     node_modules/pg.js',
    '  added     node_modules/pino/node_modules/sonic-boom/index.js',
    '  added     packages/server/dist/src/node_modules/pino/index.js',
    '  added     packages/server/node_modules/pino/index.js',
    '  modified  node_modules/pg/lib/index.js',
    '  modified  node_modules/portal-health  does not lead to packages/health',
  ]);
});
