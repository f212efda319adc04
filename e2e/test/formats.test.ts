/**
 * The README's first example, with its source watched, in everything else that people load it with: each way from the
 * tarballs, in one project.
 */
import assert from 'node:assert/strict';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openFormats, type FormatsFolder } from './formats-folder.js';
import { APPLICATION, BUNDLES, IMPORTING, LIKE_A_BROWSER, PRINTING, REQUIRING } from './formats-project.js';

let formats: FormatsFolder;

before(async () => {
  formats = await openFormats();
});

after(() => formats?.close());

/** What most applications in TypeScript are compiled with that are CommonJS. */
const NODE10 = {
  module: 'commonjs',
  moduleResolution: 'node10',
  target: 'es2022',
  esModuleInterop: true,
  skipLibCheck: true,
};

function inTest(given: string): string {
  return `${given}\ntest('it is healthy', async () => { expect(await ask()).toBe(process.env.EXPECTED); }, 20000);\n`;
}

describe('Node', () => {
  for (const [name, ...options] of [
    ['plain require'],
    ['require, where it may not load ES modules', '--no-experimental-require-module'],
  ] as const) {
    test(name, async () => {
      await formats.write('plain/app.js', REQUIRING + PRINTING);
      assert.equal(await formats.run(...options, 'plain/app.js'), formats.expected);
    });
  }

  const tsx = (): string[] => ['--import', 'tsx'];
  for (const [name, end, program] of [
    ['ts-node, CommonJS', 'ts', () => [formats.toolFile('ts-node', 'dist/bin.js')]],
    ['tsx, CommonJS', 'ts', tsx],
    ['tsx, ESM', 'mts', tsx],
  ] as const) {
    test(name, async () => {
      await formats.write(
        'direct/tsconfig.json',
        JSON.stringify({ compilerOptions: { ...NODE10, strict: true } }),
      );
      await formats.write(`direct/app.${end}`, APPLICATION + PRINTING);
      assert.equal(await formats.run(...program(), `direct/app.${end}`), formats.expected);
    });
  }
});

describe('Jest 30', () => {
  /** Runs the file `name` of `path`, which has no configuration but what `options` say. */
  async function jest(path: string, name: string, text: string, ...options: string[]): Promise<void> {
    await formats.write(`${path}/package.json`, '{}');
    await formats.write(`${path}/${name}`, text);
    await formats.run(formats.toolFile('jest', 'bin/jest.js'), '--rootDir', path, ...options);
  }

  test('with its defaults', () => jest('jest', 'health.test.js', inTest(REQUIRING)));

  test('ts-jest', async () => {
    const compilerOptions = { ...NODE10, types: ['jest', 'node'] };
    await formats.write('ts-jest/tsconfig.json', JSON.stringify({ compilerOptions }));
    await jest('ts-jest', 'health.test.ts', inTest(APPLICATION), '--config', '{"preset":"ts-jest"}');
  });

  // No driver is made for these; what the application has of its own is enough.
  const check = `const { createHealth, respond } = require('portal-health');
    test('it is healthy', async () => {
      const health = createHealth({ checks: { own: () => true } });
      await health.start();
      expect(respond(health, { endpoint: 'health', method: 'GET' }, 'public').status).toBe(200);
      const { url } = await health.listen({ port: 0, host: '127.0.0.1' });
      expect((await fetch(url + '/livez')).status).toBe(200);
      await health.close();
    }, 20000);`;

  test('timers that stand still', () =>
    jest('jest-frozen', 'health.test.js', `jest.useFakeTimers();\n${check}`));

  test('the globals of a browser', async () => {
    await formats.write('jest-browser/environment.js', LIKE_A_BROWSER);
    await jest('jest-browser', 'health.test.js', check, '--env', './environment.js');
  });
});

describe('Vitest', () => {
  async function vitest(path: string, text: string, ...options: string[]): Promise<void> {
    await formats.write(`${path}/package.json`, '{ "type": "module" }');
    await formats.write(`${path}/health.test.ts`, `import { expect, test, vi } from 'vitest';\n${text}`);
    await formats.run(formats.toolFile('vitest', 'vitest.mjs'), 'run', '--root', path, ...options);
  }

  test('with its defaults', () => vitest('vitest', inTest(APPLICATION)));

  test('in contexts of its own', () => vitest('vitest-context', inTest(APPLICATION), '--pool', 'vmThreads'));

  test('the libraries inlined', async () => {
    const inline = '{ test: { server: { deps: { inline: [/node_modules.portal-/] } } } }';
    await formats.write('vitest-inline/vitest.config.js', `export default ${inline};`);
    await vitest('vitest-inline', inTest(APPLICATION));
  });

  test('timers that stand still', () =>
    vitest('vitest-frozen', `vi.useFakeTimers();\n${inTest(APPLICATION)}`));
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
      const libraries = join(formats.project, 'node_modules');
      // A path to where they were is not what is in it.
      await rename(libraries, `${libraries}-away`);
      try {
        assert.equal(await formats.run(output), formats.expected);
      } finally {
        await rename(`${libraries}-away`, libraries);
      }
    });
  }
});
