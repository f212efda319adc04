/**
 * What is published, as somebody gets it: the tarball in an empty project, its size, its names, its adapters.
 */
import assert from 'node:assert/strict';
import { cp, readFile, symlink } from 'node:fs/promises';
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

const LARGEST_BYTES = 160_000;

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
  await tool(packed.folder, 'attw', packed.tarball, '--profile', 'esm-only');
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
    const code = `console.log(Object.keys(await import('portal-health${subpath.slice(1)}')).join(' '))`;
    const { stdout } = await execute(process.execPath, ['--input-type=module', '-e', code], {
      cwd: packed.project,
    });
    const values = stdout.trim().split(' ');
    assert.ok(values.length > 0 && values.every((name) => declared.includes(name)), `${subpath}: ${stdout}`);
  }
  const inside = `import('portal-health/dist/src/health.js')`;
  await assert.rejects(
    execute(process.execPath, ['--input-type=module', '-e', `await ${inside}`], { cwd: packed.project }),
    {
      message: /ERR_PACKAGE_PATH_NOT_EXPORTED/,
    },
  );
});

test('a script that watches, closes and does nothing else ends by itself', async () => {
  const script = `
    import { createHealth } from 'portal-health';
    const health = createHealth({ checks: { queue: () => true } });
    await health.start();
    await health.close();`;
  await execute(process.execPath, ['--input-type=module', '-e', script], {
    cwd: packed.project,
    timeout: 20_000,
  });
});

test('every adapter conforms as packed, too', { timeout: 120_000 }, async () => {
  const adapters = join(packed.application, 'conformance/dist/test/adapters');
  await cp(join(REPOSITORY, 'packages/health/dist/test/adapters'), adapters, { recursive: true });
  // Where the tests look for the source, they find what was installed.
  const installed = join(packed.application, 'node_modules/portal-health/dist/src');
  await symlink(installed, join(packed.application, 'conformance/dist/src'));
  const files = ['node', 'express', 'fastify', 'hono', 'koa', 'nest'].map((name) =>
    join(adapters, `${name}.test.js`),
  );
  const { NODE_TEST_CONTEXT: _ours, ...environment } = process.env;
  const { stdout } = await execute(
    process.execPath,
    ['--test', '--test-concurrency=1', '--test-reporter=tap', ...files],
    { cwd: packed.application, env: environment, maxBuffer: 16 * 1024 * 1024 },
  ).catch((error: { stdout: string }) => assert.fail(error.stdout));
  assert.ok(Number(/^# pass (\d+)$/m.exec(stdout)?.[1]) > 100, stdout.slice(-300));
});
