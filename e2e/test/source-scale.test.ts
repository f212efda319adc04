/**
 * The source hash at the size of real trees, by the command line as it is installed, beside three ways to have it
 * without us: the shell line, `sha256sum` over the manifest, and Go's `dirhash`, written again.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
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
