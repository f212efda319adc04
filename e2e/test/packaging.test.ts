/**
 * What is published, as it is installed: the tarball in an empty project, its size, its names, its adapters.
 */
import assert from 'node:assert/strict';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  declarationsOf,
  NAMES,
  namesIn,
  npm,
  packLibrary,
  REPOSITORY,
  execute,
  tool,
  type Packed,
} from './packed.js';

const ADAPTERS = ['node', 'express', 'fastify', 'hono', 'koa', 'nest'];
const LARGEST_BYTES = 320_000;

let packed: Packed;

before(async () => {
  packed = await packLibrary();
});

after(() => packed.close());

test(`the tarball is at most ${LARGEST_BYTES} bytes unpacked`, (context) => {
  context.diagnostic(`portal-health unpacked: ${packed.unpackedBytes} bytes`);
  assert.ok(
    packed.unpackedBytes > 50_000 && packed.unpackedBytes <= LARGEST_BYTES,
    `${packed.unpackedBytes} bytes`,
  );
});

test('publint and attw have nothing to say against it', async () => {
  await tool(packed.folder, 'publint', packed.tarball, '--strict');
  await tool(packed.folder, 'attw', packed.tarball);
});

test('installed alone, it is the only package there is', async () => {
  const { stdout } = await npm(packed.project, 'ls', '--all', '--json');
  const { dependencies } = JSON.parse(stdout) as { dependencies: Record<string, { dependencies?: object }> };
  assert.deepEqual(Object.keys(dependencies), ['portal-health']);
  const manifest = JSON.parse(
    await readFile(join(packed.project, 'node_modules/portal-health/package.json'), 'utf8'),
  ) as Record<string, unknown>;
  assert.equal(manifest['dependencies'], undefined);
  assert.equal(manifest['devDependencies'], undefined);
});

test('its command line runs', async () => {
  const { stdout } = await execute(join(packed.project, 'node_modules/.bin/portal-health'), ['--help']);
  assert.match(stdout, /portal-health/);
});

test('the public names are these, those that are values can be imported, and there is no other way in', async () => {
  for (const [subpath, names] of Object.entries(NAMES)) {
    const declared = namesIn(await declarationsOf(packed.project, subpath));
    assert.deepEqual(declared, names.split(' '), subpath);
    const name = `portal-health${subpath.slice(1)}`;
    const imported = await printed('module', `console.log(Object.keys(await import('${name}')).join(' '))`);
    const values = imported.split(' ');
    assert.ok(values.length > 0 && values.every((value) => declared.includes(value)), `${name}: ${imported}`);
    const required = await printed('commonjs', `console.log(Object.keys(require('${name}')).join(' '))`);
    assert.deepEqual(required.split(' ').toSorted(), values.toSorted(), name);
  }
  const noWayIn = { message: /ERR_PACKAGE_PATH_NOT_EXPORTED/ };
  await assert.rejects(printed('module', `await import('portal-health/dist/src/index.mjs')`), noWayIn);
  await assert.rejects(printed('commonjs', `require('portal-health/dist/src/index.js')`), noWayIn);
});

/** What a script of one format prints in the empty project. */
async function printed(format: 'module' | 'commonjs', script: string): Promise<string> {
  const { stdout } = await execute(process.execPath, [`--input-type=${format}`, '-e', script], {
    cwd: packed.project,
    timeout: 20_000,
  });
  return stdout.trim();
}

test('however it is asked for, it is one copy, and no class or token of another one is asked for', async () => {
  const script = `
    import { createRequire } from 'node:module';
    const require = createRequire(import.meta.url);
    const other = createRequire(${JSON.stringify(join(packed.application, 'main.js'))});
    const is = [];
    for (const name of ${JSON.stringify(Object.keys(NAMES).map((subpath) => `portal-health${subpath.slice(1)}`))}) {
      if (name.endsWith('/auto')) continue;
      const [imported, required] = [await import(name), require(name)];
      is.push(Object.keys(imported).every((key) => imported[key] === required[key]));
    }
    is.push(other('portal-health') !== require('portal-health'));
    is.push(other('portal-health/nest').HEALTH === require('portal-health/nest').HEALTH);
    console.log(is.every(Boolean), is.length);`;
  assert.equal(
    await printed('module', script),
    `true ${Object.keys(NAMES).length + ('./auto' in NAMES ? 1 : 2)}`,
  );
});

test('a script that watches, closes and does nothing else ends by itself', async () => {
  await printed(
    'module',
    `import { createHealth } from 'portal-health';
    const health = createHealth({ checks: { queue: () => true } });
    await health.start();
    await health.close();`,
  );
});

test('importing reads one file, and what databases and caches need only where one is watched', async () => {
  const files = `const files = (step) => console.log(step, Object.keys(require.cache)
    .filter((file) => file.includes('portal-health')).map((file) => require('node:path').basename(file, '.js'))
    .map((name) => name.replace(/-[\\w-]{8}$/, '')).toSorted().join(' '));`;
  const use = `files('imported');
    createHealth({ checks: { queue: () => true } }).report('admin');
    files('checks');
    createHealth({ database: { pool: () => undefined } });
    files('database');`;
  const imported = await printed(
    'module',
    `import { createRequire } from 'node:module';
    import { createHealth } from 'portal-health';
    const require = createRequire(import.meta.url);
    ${files} ${use}`,
  );
  assert.equal(imported, 'imported core\nchecks core\ndatabase core late');
  const required = await printed(
    'commonjs',
    `const { createHealth } = require('portal-health'); ${files} ${use}`,
  );
  assert.equal(required, 'imported core index\nchecks core index\ndatabase core index late');
});

/** How the tests of the adapters get the health, and how the adapter. */
const MIXTURES = [
  ['import', 'import'],
  ['require', 'another install'],
] as const;
type Way = (typeof MIXTURES)[number][number];

for (const [core, adapter] of MIXTURES) {
  test(`every adapter conforms as packed: the health by ${core}, the adapter by ${adapter}`, async () => {
    const folder = join(packed.application, `health-by-${core}`, 'dist');
    const adapters = join(folder, 'test/adapters');
    await cp(join(REPOSITORY, 'packages/health/dist/test/adapters'), adapters, { recursive: true });
    // Where the tests look for the source, they find what was installed.
    await mkdir(join(folder, 'src/adapters'), { recursive: true });
    await writeFile(join(folder, 'src/index.js'), await passingOn('portal-health', core));
    for (const name of ADAPTERS) {
      const text = await passingOn(`portal-health/${name}`, adapter);
      await writeFile(join(folder, 'src/adapters', `${name}.js`), text);
    }
    const files = ADAPTERS.map((name) => join(adapters, `${name}.test.js`));
    const { NODE_TEST_CONTEXT: _ours, ...environment } = process.env;
    const { stdout } = await execute(
      process.execPath,
      ['--test', '--test-concurrency=1', '--test-reporter=tap', ...files],
      { cwd: packed.application, env: environment, maxBuffer: 16 * 1024 * 1024 },
    ).catch((error: { stdout: string }) => assert.fail(error.stdout));
    assert.ok(Number(/^# pass (\d+)$/m.exec(stdout)?.[1]) > 100, stdout.slice(-300));
  });
}

/** A module that has what `name` has. */
async function passingOn(name: string, way: Way): Promise<string> {
  if (way === 'import') return `export * from '${name}';\n`;
  const names = await printed('commonjs', `console.log(Object.keys(require('${name}')).join(', '))`);
  const from = way === 'require' ? 'import.meta.url' : JSON.stringify(join(packed.project, 'main.js'));
  return `import { createRequire } from 'node:module';
    export const { ${names} } = createRequire(${from})('${name}');\n`;
}
