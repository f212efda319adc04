/**
 * portal-integrity as it is installed: the tarball in an empty project, its size, its names, its command line, its threads.
 */
import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  declarationsOf,
  emptyProject,
  namesIn,
  npm,
  pack,
  packagingFolder,
  remove,
  execute,
  tool,
  type Tarball,
} from './packed.js';

const LARGEST_BYTES = 280_000;
/** From so many on a second thread reads as well. */
const MANY_FILES = 2_100;

let folder: string;
let packed: Tarball;
let project: string;

before(async () => {
  folder = await packagingFolder();
  packed = await pack('integrity', folder);
  project = await emptyProject(join(folder, 'empty'), packed.tarball);
});

after(() => remove(folder));

async function shellHash(root: string): Promise<string> {
  const line =
    'find . -name node_modules -prune -o -type f -print0 | cut -zc3- | LC_ALL=C sort -z | xargs -0 sha256sum -- | sha256sum';
  return (await execute('sh', ['-c', line], { cwd: root })).stdout.slice(0, 64);
}

function integrity(cwd: string, ...args: readonly string[]): Promise<{ stdout: string }> {
  return execute(join(project, 'node_modules/.bin/portal-integrity'), args, { cwd });
}

test(`the tarball is at most ${LARGEST_BYTES} bytes unpacked`, (context) => {
  context.diagnostic(`portal-integrity unpacked: ${packed.unpackedBytes} bytes`);
  assert.ok(
    packed.unpackedBytes > 40_000 && packed.unpackedBytes <= LARGEST_BYTES,
    `${packed.unpackedBytes} bytes`,
  );
});

test('publint and attw have nothing to say against it', async () => {
  await tool(folder, 'publint', packed.tarball, '--strict');
  await tool(folder, 'attw', packed.tarball);
});

test('installed alone, it is the only package there is', async () => {
  const { stdout } = await npm(project, 'ls', '--all', '--json');
  const { dependencies } = JSON.parse(stdout) as { dependencies: Record<string, { dependencies?: object }> };
  assert.deepEqual(Object.keys(dependencies), ['portal-integrity']);
  const manifest = JSON.parse(
    await readFile(join(project, 'node_modules/portal-integrity/package.json'), 'utf8'),
  ) as Record<string, unknown>;
  assert.equal(manifest['dependencies'], undefined);
  assert.equal(manifest['devDependencies'], undefined);
});

test('scripts are followed from an entry of its own, which is loaded before all others', async () => {
  for (const program of [
    `import { followScripts } from 'portal-integrity/follow'; console.log(typeof followScripts().read().texts)`,
    `console.log(typeof require('portal-integrity/follow').followScripts().read().texts)`,
  ]) {
    const type = program.startsWith('import') ? 'module' : 'commonjs';
    const { stdout } = await execute(process.execPath, [`--input-type=${type}`, '-e', program], {
      cwd: project,
    });
    assert.equal(stdout, 'number\n', type);
  }
});

test('the public names are these', async () => {
  const names = namesIn(await declarationsOf(project, '.', 'portal-integrity'));
  assert.deepEqual(names, [
    'DependencyOptions',
    'Inspection',
    'IntegrityProblem',
    'IntegrityState',
    'RefusedStatement',
    'Source',
    'SourceEvent',
    'SourceOptions',
    'StatementOptions',
    'VerifiedStatement',
    'VerifyOptions',
    'verifyStatement',
    'watchSource',
  ]);
  await writeFile(join(project, 'all.ts'), `import type { ${names.join(', ')} } from 'portal-integrity';\n`);
  const strictly = ['--strict', '--module', 'nodenext', '--skipLibCheck', 'false', '--noEmit'];
  // The types of Node are the application's own.
  const ours = ['--types', 'node', '--typeRoots', join(import.meta.dirname, '../../../node_modules/@types')];
  await tool(project, 'tsc', ...strictly, ...ours, 'all.ts').catch((error: { stdout: string }) =>
    assert.fail(error.stdout),
  );
});

test('`portal-integrity hash .` needs nothing else, and prints what sha256sum does', async () => {
  const tree = join(folder, 'tree');
  await mkdir(join(tree, 'lib'), { recursive: true });
  await writeFile(join(tree, 'main.js'), 'console.log(1);\n');
  await writeFile(join(tree, 'lib', 'ä b.js'), '');
  assert.equal((await integrity(tree, 'hash', '.')).stdout.trim(), await shellHash(tree));
});

test('of a large tree, too, which a second thread helps to read', async () => {
  const tree = join(folder, 'large');
  await mkdir(tree);
  for (let index = 0; index < MANY_FILES; index++) await writeFile(join(tree, `${index}.txt`), String(index));
  // A thread that cannot start shows nowhere: the first one then reads everything itself.
  const watching = join(folder, 'watching.mjs');
  await writeFile(
    watching,
    `process.on('worker', (worker) => worker.once('error', (error) => console.error(error.message)));`,
  );
  const program = join(project, 'node_modules/portal-integrity/dist/src/cli/portal-integrity.mjs');
  const { stdout, stderr } = await execute(process.execPath, ['--import', watching, program, 'hash', tree]);
  assert.equal(stdout.trim(), await shellHash(tree));
  // Beside other work it may take long enough to tell how far it is.
  assert.equal(stderr.replace(/^Hashing .*\n/gm, ''), '');
});

test('a source that it watches goes into portal-health, each from its tarball', async () => {
  const health = await pack('health', folder);
  const both = await emptyProject(join(folder, 'both'), packed.tarball, health.tarball);
  await mkdir(join(both, 'source'));
  await writeFile(join(both, 'source', 'main.js'), 'export const answer = 42;\n');
  await writeFile(
    join(both, 'application.mjs'),
    `import { writeFileSync } from 'node:fs';
    import { setTimeout as sleep } from 'node:timers/promises';
    import { createHealth } from 'portal-health';
    import { watchSource } from 'portal-integrity';

    const main = new URL('source/main.js', import.meta.url);
    await import(main);
    const source = watchSource({ root: 'source', scanIntervalMs: 100 });
    const health = createHealth({ source });
    await health.start();
    console.log(health.report('admin').source_hash, health.report('admin').errors.length);
    console.log((await source.inspect()).matched.length);
    writeFileSync(main, 'export const answer = 41;\\n');
    for (let tries = 0; tries < 200 && source.problems().length === 0; tries++) await sleep(100);
    console.log(health.report('admin').errors.join());
    await health.close();`,
  );
  const hash = await shellHash(join(both, 'source'));
  const { stdout } = await execute(process.execPath, ['application.mjs'], { cwd: both, timeout: 30_000 });
  assert.deepEqual(stdout.trim().split('\n'), [
    `${hash} 0`,
    '1',
    'The source on disk is not the source that was started (SOURCE_DRIFTED)',
  ]);
});
