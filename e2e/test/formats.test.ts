/**
 * The README's first example, with its source watched, in everything else that people load it with: each way from the
 * tarballs, in one project.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openFormats, type FormatsFolder } from './formats-folder.js';
import { APPLICATION, BUNDLES, IMPORTING, LIKE_A_BROWSER, PRINTING, REQUIRING } from './formats-project.js';

let formats: FormatsFolder;

before(async () => {
  formats = await openFormats();
});

after(() => formats?.close());

describe('Node', () => {
  test('plain require, also where it may not load ES modules', async () => {
    await formats.write('plain/app.js', REQUIRING + PRINTING);
    assert.equal(await formats.run('plain/app.js'), formats.expected);
    assert.equal(await formats.run('--no-experimental-require-module', 'plain/app.js'), formats.expected);
  });

  test('ts-node and tsx, in both formats', async () => {
    const compilerOptions = {
      module: 'commonjs',
      moduleResolution: 'node10',
      target: 'es2022',
      esModuleInterop: true,
      skipLibCheck: true,
    };
    await formats.write(
      'direct/tsconfig.json',
      JSON.stringify({ compilerOptions: { ...compilerOptions, strict: true } }),
    );
    await formats.write('direct/app.ts', APPLICATION + PRINTING);
    await formats.write('direct/app.mts', APPLICATION + PRINTING);
    assert.equal(
      await formats.run(formats.toolFile('ts-node', 'dist/bin.js'), 'direct/app.ts'),
      formats.expected,
    );
    assert.equal(await formats.run('--import', 'tsx', 'direct/app.ts'), formats.expected);
    assert.equal(await formats.run('--import', 'tsx', 'direct/app.mts'), formats.expected);
  });
});

describe('test runners', () => {
  const inTest = (given: string): string =>
    `${given}\ntest('it is healthy', async () => { expect(await ask()).toBe(process.env.EXPECTED); }, 20000);\n`;

  test('Jest 30 with its defaults', async () => {
    await formats.write('jest/package.json', '{}');
    await formats.write('jest/health.test.js', inTest(REQUIRING));
    await formats.run(formats.toolFile('jest', 'bin/jest.js'), '--rootDir', 'jest');
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
    await formats.write('jest-frozen/package.json', '{}');
    await formats.write('jest-frozen/health.test.js', `jest.useFakeTimers();\n${check}`);
    await formats.run(formats.toolFile('jest', 'bin/jest.js'), '--rootDir', 'jest-frozen');
    await formats.write('jest-browser/package.json', '{}');
    await formats.write('jest-browser/environment.js', LIKE_A_BROWSER);
    await formats.write('jest-browser/health.test.js', check);
    await formats.run(
      formats.toolFile('jest', 'bin/jest.js'),
      '--rootDir',
      'jest-browser',
      '--env',
      './environment.js',
    );
  });

  test('ts-jest', async () => {
    const compilerOptions = {
      module: 'commonjs',
      moduleResolution: 'node10',
      target: 'es2022',
      esModuleInterop: true,
      skipLibCheck: true,
    };
    await formats.write(
      'ts-jest/tsconfig.json',
      JSON.stringify({ compilerOptions: { ...compilerOptions, types: ['jest', 'node'] } }),
    );
    await formats.write('ts-jest/health.test.ts', inTest(APPLICATION));
    await formats.run(
      formats.toolFile('jest', 'bin/jest.js'),
      '--rootDir',
      'ts-jest',
      '--config',
      '{"preset":"ts-jest"}',
    );
  });

  test('Vitest, also with the libraries inlined, and with timers that stand still', async () => {
    for (const path of ['vitest', 'vitest-inline']) {
      await formats.write(`${path}/package.json`, '{ "type": "module" }');
      await formats.write(
        `${path}/health.test.ts`,
        `import { expect, test } from 'vitest';\n${inTest(APPLICATION)}`,
      );
    }
    const inline = '{ test: { server: { deps: { inline: [/node_modules.portal-/] } } } }';
    await formats.write('vitest-inline/vitest.config.js', `export default ${inline};`);
    await formats.run(formats.toolFile('vitest', 'vitest.mjs'), 'run', '--root', 'vitest');
    await formats.run(
      formats.toolFile('vitest', 'vitest.mjs'),
      'run',
      '--root',
      'vitest',
      '--pool',
      'vmThreads',
    );
    await formats.run(formats.toolFile('vitest', 'vitest.mjs'), 'run', '--root', 'vitest-inline');
    await formats.write('vitest-frozen/package.json', '{ "type": "module" }');
    await formats.write(
      'vitest-frozen/health.test.ts',
      `import { expect, test, vi } from 'vitest';\nvi.useFakeTimers();\n${inTest(APPLICATION)}`,
    );
    await formats.run(formats.toolFile('vitest', 'vitest.mjs'), 'run', '--root', 'vitest-frozen');
  });
});

describe('bundlers, the source watched', () => {
  before(async () => {
    await formats.write('bundled/app.mjs', IMPORTING + PRINTING);
  });

  for (const [name, { script, output }] of Object.entries(BUNDLES)) {
    test(name, async () => {
      const file = `bundled/${name.replaceAll(/\W+/g, '-')}.mjs`;
      await formats.write(file, script);
      await formats.run(file);
      const text = await readFile(join(formats.project, output), 'utf8');
      assert.doesNotMatch(text, /(from|require\(|import\()\s*["']portal-/, 'the libraries are in it');
      assert.equal(await formats.run(output), formats.expected);
    });
  }
});
