/**
 * The build is the same byte for byte wherever it is made, so that anybody can tell whether a service is commit X: by the
 * recipe of docs/integrity.md, in two clones at two places. Only the packages are those that are here already.
 */
import assert from 'node:assert/strict';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { execute, REPOSITORY } from './packed.js';

let folder: string;
let recipe: string;

/** In place of `npm ci`: every package is a link to the one that is installed here, but for ours, which are those of the clone. */
const LINK = `
  import { existsSync, mkdirSync, readdirSync, readlinkSync, lstatSync, symlinkSync } from 'node:fs';
  import { dirname, join } from 'node:path';
  const here = process.argv[2];
  for (const place of ['node_modules', ...readdirSync(join(here, 'packages')).map((name) => join('packages', name, 'node_modules'))]) {
    if (!existsSync(join(here, place))) continue;
    mkdirSync(place);
    for (const name of readdirSync(join(here, place)).filter((entry) => !entry.startsWith('.') || entry === '.bin')) {
      const from = join(here, place, name);
      symlinkSync(lstatSync(from).isSymbolicLink() ? readlinkSync(from) : from, join(place, name));
    }
  }`;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portal-rebuilt-'));
  const guide = await readFile(join(REPOSITORY, 'docs/integrity.md'), 'utf8');
  const [, block = ''] = /```bash\n(git clone [^`]*)```/.exec(guide) ?? [];
  assert.match(block, /^npm ci .*$/m);
  assert.match(block, /^npm run build$/m);
  await writeFile(join(folder, 'link.mjs'), LINK);
  recipe = block
    .replace(/^npm ci .*$/m, `node ${join(folder, 'link.mjs')} '${REPOSITORY}'`)
    .replace(/^npm run build$/m, 'node_modules/.bin/tsc -b packages/server && node scripts/page.mjs');
});

after(() => rm(folder, { recursive: true, force: true }));

/** What the recipe prints for the commit that is checked out in `repository`. */
async function rebuild(name: string, repository: string, environment: NodeJS.ProcessEnv): Promise<string> {
  const place = join(folder, name);
  await mkdir(place, { recursive: true });
  const { stdout: commit } = await execute('git', ['-C', repository, 'rev-parse', 'HEAD']);
  const { stdout } = await execute('bash', ['-euo', 'pipefail', '-c', recipe], {
    cwd: place,
    env: { ...process.env, REPOSITORY: repository, COMMIT: commit.trim(), ...environment },
    timeout: 600_000,
  });
  const [hash = ''] = /^[0-9a-f]{64}(?= {2}-$)/m.exec(stdout) ?? [];
  assert.notEqual(hash, '', stdout);
  return hash;
}

test('two clones, two places, two hours, one hash; of a commit that differs by a byte another one', async () => {
  const one = await rebuild('one', REPOSITORY, { TZ: 'UTC', LC_ALL: 'C' });
  const two = await rebuild('another/place/further below', REPOSITORY, {
    TZ: 'Asia/Tokyo',
    LC_ALL: 'C.UTF-8',
  });
  assert.equal(two, one);
  assert.ok(
    (await readdir(join(folder, 'one/rebuilt/packages/page/dist/site'))).length > 0,
    'the page is in it',
  );

  const clone = join(folder, 'one/rebuilt');
  await appendFile(join(clone, 'packages/integrity/src/index.ts'), '\nexport {};\n');
  const commit = [
    '-c',
    'user.name=x',
    '-c',
    'user.email=x@example.org',
    'commit',
    '--quiet',
    '--all',
    '-m',
    'x',
  ];
  await execute('git', ['-C', clone, ...commit]);
  assert.notEqual(await rebuild('three', clone, {}), one);
});
