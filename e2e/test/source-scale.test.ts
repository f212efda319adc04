/**
 * The source hash at the size of real trees, by the command line as it is installed, beside three ways to have it
 * without us: the shell line, `sha256sum` over the manifest, and Go's `dirhash`, written again.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const PROGRAM = fileURLToPath(
  new URL('../../../packages/integrity/dist/src/cli/portal-integrity.js', import.meta.url),
);
const SHELL_LINE =
  'cd "$0" && find . -type f -print0 | cut -zc3- | LC_ALL=C sort -z | xargs -0 sha256sum -- | sha256sum';
/** Where there is such a folder: a disk makes 100,000 files in seven seconds. */
const MEMORY = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

async function makeFolder(t: TestContext, parent = tmpdir()): Promise<string> {
  const folder = await mkdtemp(join(parent, 'portal-scale-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function makeSparse(file: string, bytes: number): Promise<void> {
  const handle = await open(file, 'w');
  await handle.truncate(bytes);
  await handle.close();
}

async function portalHealth(...args: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  return run(process.execPath, [PROGRAM, ...args], { maxBuffer: 64 * 1024 ** 2 });
}

async function hashOf(root: string): Promise<string> {
  const { stdout } = await portalHealth('hash', root);
  assert.match(stdout, /^[0-9a-f]{64}\n$/);
  return stdout.trim();
}

async function shellHashOf(root: string): Promise<string> {
  const { stdout } = await run('bash', ['-c', SHELL_LINE, root]);
  return stdout.slice(0, 64);
}

function sha256(bytes: string | Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function goHashOf(root: string): Promise<string> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const names = files.map((file) => file.slice(root.length + 1)).toSorted();
  const lines = [];
  for (const name of names) lines.push(`${sha256(await readFile(join(root, name)))}  ${name}\n`);
  return sha256(lines.join(''));
}

test('20,000 files, 200 MB', async (t) => {
  const root = await makeFolder(t);
  const noise = Buffer.alloc(64 * 1024, 'The quick brown fox jumps over the lazy dog. ');
  for (let index = 0; index < 20_000; index += 1) {
    const folder = join(root, `d${index % 40}`, `e${Math.floor(index / 40) % 20}`);
    if (index < 800) await mkdir(folder, { recursive: true });
    await writeFile(join(folder, `f${index}`), noise.subarray(index % 1_000, (index % 1_000) + 10_000));
  }
  const hash = await hashOf(root);
  assert.equal(hash, await shellHashOf(root), 'the shell line');
  assert.equal(hash, sha256((await portalHealth('manifest', root)).stdout), 'sha256sum of the manifest');
  assert.equal(hash, await goHashOf(root), 'Go’s dirhash');
});

/** As a repository of a compiler has them: thousands of fixtures of a few lines, some empty, names of all kinds. */
async function makeMonorepo(root: string): Promise<number> {
  let files = 0;
  for (let name = 0; name < 150; name += 1) {
    for (let fixture = 0; fixture < 61; fixture += 1) {
      const folder = join(root, `packages/babel-plugin-${name}/test/fixtures/general/case ${fixture}`);
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, 'input.js'), `var a${name} = ${fixture};\n`);
      await writeFile(
        join(folder, fixture % 7 === 0 ? 'output.mjs' : 'output.js'),
        `let a${name} = ${fixture};\n`,
      );
      await writeFile(
        join(folder, fixture % 9 === 0 ? 'öptions.json' : 'options.json'),
        fixture % 5 === 0 ? '' : '{}\r\n',
      );
      files += 3;
    }
    await mkdir(join(root, `packages/babel-plugin-${name}/src`), { recursive: true });
    await writeFile(join(root, `packages/babel-plugin-${name}/src/index.js`), `export default ${name};\n`);
    files += 1;
  }
  return files;
}

test('27,600 files of a repository: its hash, a release of it, and what differs by name', async (t) => {
  const folder = await makeFolder(t, MEMORY);
  const root = join(folder, 'babel');
  const files = await makeMonorepo(root);
  assert.equal(files, 27_600);
  assert.equal(await hashOf(root), await shellHashOf(root));

  await portalHealth('keygen', join(folder, 'release'));
  const manifest = join(folder, 'source.sha256');
  const statement = join(folder, 'source.intoto.jsonl');
  await portalHealth('manifest', root, '--out', manifest);
  const key = ['--key', join(folder, 'release.key'), '--manifest', manifest, '--out', statement];
  await portalHealth('sign', root, ...key, '--release', '1', '--sequence', '1');
  const check = [
    'verify',
    root,
    '--statement',
    statement,
    '--key',
    join(folder, 'release.pub'),
    '--manifest',
    manifest,
  ];
  assert.match((await portalHealth(...check)).stdout, /^verified .* 27600 files$/m);

  await writeFile(join(root, 'packages/babel-plugin-77/src/index.js'), 'export default EVIL;\n');
  await rm(join(root, 'packages/babel-plugin-3'), { recursive: true });
  await symlink('AGENTS.md', join(root, 'CLAUDE.md'));
  const refused = await portalHealth(...check).catch(
    (error: unknown) => error as { code: number; stdout: string; stderr: string },
  );
  assert.ok('code' in refused);
  assert.equal(refused.code, 64 | 4 | 2, refused.stderr);
  assert.match(refused.stdout, /^ {2}modified {2}packages\/babel-plugin-77\/src\/index\.js$/m);
  assert.match(refused.stdout, /^ {2}removed {3}packages\/babel-plugin-3\/ {2}\(184 files\)$/m);
  assert.match(
    refused.stderr,
    /^E_SYMLINK CLAUDE\.md is a symbolic link \(to AGENTS\.md\); exclude \.\/CLAUDE\.md, or have it signed \(sign --links\)$/m,
  );
});

test('100,000 entries in one folder are no reason to refuse', async (t) => {
  const root = await makeFolder(t, MEMORY);
  for (let index = 0; index < 100_000; index += 1) await writeFile(join(root, `f${index}`), '');
  assert.equal(await hashOf(root), await shellHashOf(root));
});

test('a file of 2 GB and one byte', async (t) => {
  const root = await makeFolder(t);
  await makeSparse(join(root, 'large'), 2 * 1024 ** 3 + 1);
  assert.equal(await hashOf(root), await shellHashOf(root));
});

test('anything over a second has a progress line, which is not on standard output', async (t) => {
  const root = await makeFolder(t);
  await makeSparse(join(root, 'large'), 4 * 1024 ** 3);
  const { stdout, stderr } = await portalHealth('hash', root);
  assert.match(stdout, /^[0-9a-f]{64}\n$/);
  assert.match(stderr, /^(Hashing .*: \d+ files, \d+ MB\n)+$/);
});
