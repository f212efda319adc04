/**
 * `npm pack` in the folder of a package makes the very tarball that the other tests of packaging install and measure, and
 * leaves the folder as it was.
 */
import assert from 'node:assert/strict';
import { cp, mkdir, readFile, readdir, rm, symlink } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { after, before, test } from 'node:test';
import { npm, pack, packagingFolder, remove, REPOSITORY, execute } from './packed.js';

let folder: string;
let copy: string;

/** In a copy, since what is developed steps aside meanwhile, and other tests are using it. */
before(async () => {
  folder = await packagingFolder();
  copy = join(folder, 'copy');
  for (const entry of ['package.json', 'tsconfig.base.json', 'LICENSE', 'scripts', 'docs', 'packages']) {
    await cp(join(REPOSITORY, entry), join(copy, entry), {
      recursive: true,
      filter: (path) => !relative(REPOSITORY, path).split('/').includes('node_modules'),
    });
  }
  await symlink(join(REPOSITORY, 'node_modules'), join(copy, 'node_modules'));
});

after(() => remove(folder));

for (const name of ['health', 'integrity', 'server']) {
  test(`portal-${name}`, { timeout: 120_000 }, async () => {
    const { tarball } = await pack(name, folder);
    const home = join(copy, 'packages', name);
    const earlier = await filesIn(home);
    const { stdout } = await npm(home, 'pack', '--silent');
    const made = await readFile(join(home, stdout.trim()));
    assert.ok(made.equals(await readFile(tarball)));
    await rm(join(home, stdout.trim()));
    assert.deepEqual(await filesIn(home), earlier);
  });
}

test('what was developed is put back after a pack that did not end', async () => {
  const home = join(copy, 'packages/integrity');
  const earlier = await filesIn(home);
  const script = join(copy, 'scripts/pack.mjs');
  await execute(process.execPath, [script, '--before', 'integrity']);
  assert.notDeepEqual(await filesIn(home), earlier);
  // Half done: the next entry has not been put in place.
  await mkdir(join(home, '.packing', 'README.none'), { recursive: true });
  await execute(process.execPath, [script, '--after', 'integrity']);
  assert.deepEqual(await filesIn(home), earlier);
  await execute(process.execPath, [script, '--after', 'integrity']);
  assert.deepEqual(await filesIn(home), earlier);
});

async function filesIn(home: string): Promise<readonly string[]> {
  return (await readdir(home, { recursive: true })).toSorted();
}
