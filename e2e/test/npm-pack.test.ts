/**
 * `npm pack` in the folder of a package makes the very tarball that the other tests of packaging install and measure, and
 * leaves the folder as it was.
 */
import assert from 'node:assert/strict';
import { access, cp, mkdir, readFile, readdir, rm, symlink } from 'node:fs/promises';
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
  // Also those that npm could not lay beside the others.
  const packages = await readdir(join(REPOSITORY, 'packages'));
  for (const place of ['', ...packages.map((name) => join('packages', name))]) {
    const modules = join(place, 'node_modules');
    const isThere = await access(join(REPOSITORY, modules)).then(
      () => true,
      () => false,
    );
    if (isThere) await symlink(join(REPOSITORY, modules), join(copy, modules));
  }
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

for (const name of ['health', 'integrity', 'server']) {
  test(`portal-${name}, packed where the repository is known, leads there, and to files that are there`, async () => {
    const place = join(folder, `known-${name}`);
    await mkdir(place);
    const env = { ...process.env, GITHUB_SERVER_URL: 'https://example.org', GITHUB_REPOSITORY: 'us/portal' };
    const script = join(REPOSITORY, 'scripts/pack.mjs');
    const { stdout } = await execute(process.execPath, [script, name, place], { env });
    const [tarball = ''] = stdout.trim().split(' ');
    await execute('tar', ['-xzf', tarball, '-C', place]);
    const packed = (file: string): Promise<string> => readFile(join(place, 'package', file), 'utf8');
    const { repository, homepage, bugs } = JSON.parse(await packed('package.json')) as Record<
      string,
      unknown
    >;
    const root = 'https://example.org/us/portal';
    assert.deepEqual(repository, {
      type: 'git',
      url: `git+${root}.git`,
      directory: `packages/${name}`,
    });
    assert.deepEqual([homepage, bugs], [`${root}/tree/main/packages/${name}#readme`, `${root}/issues`]);
    const readme = await packed('README.md');
    assert.doesNotMatch(readme, /(?<!\[)`(docs|examples)\/[\w./-]*` of the repository/);
    const links = [...readme.matchAll(/\]\(https:\/\/example\.org\/us\/portal\/tree\/main\/([^)]*)\)/g)];
    for (const [, path = ''] of links) await access(join(REPOSITORY, path));
    if (name === 'health') assert.ok(links.length > 0);
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
