/**
 * The README's first application, with its source watched, in everything that people load it with: each way from the
 * tarballs, in one project without any setting that is for us.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startPostgres, startRedis, type PostgresServer, type RedisServer } from 'portal-test-kit';
import { APPLICATION, BUNDLES, IMPORTING, LIKE_A_BROWSER, REQUIRING, TOOLS } from './formats-project.js';
import { execute, NAMES, npm, pack, packagingFolder, remove, tool } from './packed.js';

let folder: string;
let project: string;
let postgres: PostgresServer;
let redis: RedisServer;
let environment: Record<string, string | undefined>;
let expected: string;

before(async () => {
  folder = await packagingFolder();
  project = join(folder, 'project');
  const tarballs = [await pack('health', folder), await pack('integrity', folder)];
  await write('package.json', '{ "name": "application", "private": true }');
  const quietly = ['--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund'];
  await npm(project, 'install', ...tarballs.map(({ tarball }) => tarball), ...TOOLS, ...quietly);
  await write('source/main.js', 'export const answer = 42;\n');
  [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  environment = {
    PATH: process.env['PATH'],
    HOME: project,
    DATABASE_URL: await postgres.createDatabase(),
    REDIS_URL: redis.url,
    SOURCE_ROOT: join(project, 'source'),
  };
  const line = `${sha256('export const answer = 42;\n')}  main.js\n`;
  expected = `healthy true true ${sha256(line)}`;
});

after(async () => {
  await Promise.all([postgres.close(), redis.close()]);
  await remove(folder);
});

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(project, path)), { recursive: true });
  await writeFile(join(project, path), text);
}

/** What Node prints for `args` in the project. A test runner's own words are in what it throws. */
async function run(...args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await execute(process.execPath, args, {
    cwd: project,
    env: environment,
    timeout: 90_000,
  }).catch((error: { stdout?: string; stderr?: string; message: string }) =>
    assert.fail([error.message, error.stdout, error.stderr].join('\n')),
  );
  assert.doesNotMatch(stderr, /Warning/, 'nothing of ours, nor because of us');
  return stdout.trim();
}

/** Compiles what is in the folder `path` of the project, with one version of TypeScript. */
async function compile(path: string, typescript: string, options: object): Promise<void> {
  const compilerOptions = { strict: true, target: 'es2021', lib: ['es2021'], types: ['node'], ...options };
  await write(`${path}/tsconfig.json`, JSON.stringify({ compilerOptions, include: ['.'] }));
  await run(join('node_modules', typescript, 'lib/tsc.js'), '-p', path);
}

const PRINTING = 'void ask().then((line) => console.log(line));\n';

describe('TypeScript', () => {
  const rows: readonly [string, string, string, object][] = [
    ['node10', 'ts', '{}', { module: 'commonjs', moduleResolution: 'node10', esModuleInterop: true }],
    ['node10 without interop', 'ts', '{}', { module: 'commonjs', moduleResolution: 'node10' }],
    ['node16, CommonJS', 'ts', '{}', { module: 'node16', moduleResolution: 'node16' }],
    ['node16, ESM', 'mts', '{}', { module: 'node16', moduleResolution: 'node16' }],
    ['nodenext, ESM', 'ts', '{"type":"module"}', { module: 'nodenext', moduleResolution: 'nodenext' }],
    ['nodenext, CommonJS', 'ts', '{}', { module: 'nodenext', moduleResolution: 'nodenext' }],
  ];
  for (const [name, end, manifest, options] of rows) {
    test(`5.9, ${name}: compiles and runs`, async () => {
      const path = `ts-${name.replaceAll(/\W+/g, '-')}`;
      await write(`${path}/package.json`, manifest);
      await write(`${path}/app.${end}`, APPLICATION + PRINTING);
      await compile(path, 'typescript', { ...options, skipLibCheck: true });
      assert.equal(await run(join(path, `app.${end.replace('ts', 'js')}`)), expected);
    });
  }

  const everySubpath = [
    ...Object.keys(NAMES).map((subpath) => `portal-health${subpath.slice(1)}`),
    'portal-integrity',
  ]
    .map((name, index) => `import * as subpath${index} from '${name}';\nvoid subpath${index};\n`)
    .join('');

  test('4.5 reads every declaration, checked strictly', async () => {
    await write('ts-old/all.ts', everySubpath);
    const options = {
      module: 'commonjs',
      moduleResolution: 'node',
      skipLibCheck: false,
      types: ['node16'],
      // Web APIs that Node's types of that time lack.
      lib: ['es2021', 'dom'],
      noEmit: true,
    };
    await compile('ts-old', 'typescript-4.5', options);
  });

  test('5.9 by `bundler`, and 7 by `nodenext` and `bundler`, read every declaration, checked strictly', async () => {
    await write('ts-new/all.ts', everySubpath);
    const bundler = { module: 'esnext', moduleResolution: 'bundler', skipLibCheck: false, noEmit: true };
    await compile('ts-new', 'typescript', bundler);
    for (const way of [bundler, { module: 'nodenext', skipLibCheck: false, noEmit: true }]) {
      const compilerOptions = { strict: true, target: 'es2023', types: ['node'], ...way };
      await write('ts-new/tsconfig.json', JSON.stringify({ compilerOptions, include: ['.'] }));
      await tool(join(project, 'ts-new'), 'tsc', '-p', '.').catch((error: { stdout: string }) =>
        assert.fail(error.stdout),
      );
    }
  });
});

describe('Node', () => {
  test('plain require, also where it may not load ES modules', async () => {
    await write('plain/app.js', REQUIRING + PRINTING);
    assert.equal(await run('plain/app.js'), expected);
    assert.equal(await run('--no-experimental-require-module', 'plain/app.js'), expected);
  });

  test('ts-node and tsx, in both formats', async () => {
    const compilerOptions = {
      module: 'commonjs',
      moduleResolution: 'node10',
      target: 'es2022',
      skipLibCheck: true,
    };
    await write(
      'direct/tsconfig.json',
      JSON.stringify({ compilerOptions: { ...compilerOptions, strict: true } }),
    );
    await write('direct/app.ts', APPLICATION + PRINTING);
    await write('direct/app.mts', APPLICATION + PRINTING);
    assert.equal(await run('node_modules/ts-node/dist/bin.js', 'direct/app.ts'), expected);
    assert.equal(await run('--import', 'tsx', 'direct/app.ts'), expected);
    assert.equal(await run('--import', 'tsx', 'direct/app.mts'), expected);
  });
});

describe('test runners', () => {
  const inTest = (given: string): string =>
    `${given}\ntest('it is healthy', async () => { expect(await ask()).toBe(process.env.EXPECTED); }, 20000);\n`;
  const passes = async (...args: readonly string[]): Promise<void> => {
    environment['EXPECTED'] = expected;
    await run(...args);
  };

  test('Jest 30 with its defaults', async () => {
    await write('jest/package.json', '{}');
    await write('jest/health.test.js', inTest(REQUIRING));
    await passes('node_modules/jest/bin/jest.js', '--rootDir', 'jest');
  });

  test('Jest with timers that stand still, and with the globals of a browser', async () => {
    // No driver is made for either; what the application has of its own is enough.
    const check = `const { createHealth, respond } = require('portal-health');
      test('it is healthy', async () => {
        const health = createHealth({ checks: { own: () => true } });
        await health.start();
        expect(respond(health, { endpoint: 'health', method: 'GET' }, 'public').status).toBe(200);
        const { url } = await health.listen({ port: 0, host: '127.0.0.1' });
        expect((await fetch(url + '/livez')).status).toBe(200);
        await health.close();
      }, 20000);`;
    await write('jest-frozen/package.json', '{}');
    await write('jest-frozen/health.test.js', `jest.useFakeTimers();\n${check}`);
    await passes('node_modules/jest/bin/jest.js', '--rootDir', 'jest-frozen');
    await write('jest-browser/package.json', '{}');
    await write('jest-browser/environment.js', LIKE_A_BROWSER);
    await write('jest-browser/health.test.js', check);
    await passes('node_modules/jest/bin/jest.js', '--rootDir', 'jest-browser', '--env', './environment.js');
  });

  test('ts-jest', async () => {
    const compilerOptions = {
      module: 'commonjs',
      moduleResolution: 'node10',
      target: 'es2022',
      skipLibCheck: true,
    };
    await write(
      'ts-jest/tsconfig.json',
      JSON.stringify({ compilerOptions: { ...compilerOptions, types: ['jest', 'node'] } }),
    );
    await write('ts-jest/health.test.ts', inTest(APPLICATION));
    await passes('node_modules/jest/bin/jest.js', '--rootDir', 'ts-jest', '--config', '{"preset":"ts-jest"}');
  });

  test('Vitest, also with the libraries inlined, and with timers that stand still', async () => {
    for (const path of ['vitest', 'vitest-inline']) {
      await write(`${path}/package.json`, '{ "type": "module" }');
      await write(`${path}/health.test.ts`, `import { expect, test } from 'vitest';\n${inTest(APPLICATION)}`);
    }
    const inline = '{ test: { server: { deps: { inline: [/node_modules.portal-/] } } } }';
    await write('vitest-inline/vitest.config.js', `export default ${inline};`);
    await passes('node_modules/vitest/vitest.mjs', 'run', '--root', 'vitest');
    await passes('node_modules/vitest/vitest.mjs', 'run', '--root', 'vitest-inline');
    await write('vitest-frozen/package.json', '{ "type": "module" }');
    await write(
      'vitest-frozen/health.test.ts',
      `import { expect, test, vi } from 'vitest';\nvi.useFakeTimers();\n${inTest(APPLICATION)}`,
    );
    await passes('node_modules/vitest/vitest.mjs', 'run', '--root', 'vitest-frozen');
  });
});

describe('bundlers, the source watched', () => {
  before(async () => {
    await write('bundled/app.mjs', IMPORTING + PRINTING);
  });

  for (const [name, { script, output }] of Object.entries(BUNDLES)) {
    test(name, async () => {
      const file = `bundled/${name.replaceAll(/\W+/g, '-')}.mjs`;
      await write(file, script);
      await run(file);
      const text = await readFile(join(project, output), 'utf8');
      assert.doesNotMatch(text, /(from|require\(|import\()\s*["']portal-/, 'the libraries are in it');
      assert.equal(await run(output), expected);
    });
  }
});
