/**
 * Programs whose sources somebody rewrites on the way into memory, with the real tools: OpenTelemetry's hooks by `require` and by
 * `import`, tsx, and c8. Nothing of it is a problem, and beside OpenTelemetry and c8 a module that restores itself is still found.
 */
import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { after, before, test } from 'node:test';
import { emptyProject, execute, packagingFolder, remove, REPOSITORY } from './packed.js';

const TOOLS = [
  '@opentelemetry/api@1.9.1',
  '@opentelemetry/instrumentation@0.218.0',
  '@opentelemetry/instrumentation-pg@0.70.0',
  '@opentelemetry/sdk-trace-node@2.12.1',
  'c8@10.1.3',
  'pg@8.23.1',
  'tsx@4.23.15',
];

const WATCH = pathToFileURL(join(REPOSITORY, 'packages/integrity/dist/src/source.js')).href;

/** Loads what applications load, watches itself, and tells what three looks into memory have found. */
const MAIN = `
import { Server } from 'node:http';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import pg from 'pg';
import { one } from './lib/one.mjs';
const require = createRequire(import.meta.url);
const two = require('./lib/two.cjs');
const { watchSource } = await import(${JSON.stringify(WATCH)});
if (process.env.EVIL) await import('./lib/evil.mjs');
const source = watchSource({
  root: import.meta.dirname, scanIntervalMs: 10_000, memoryIntervalMs: 200, followMemory: process.env.FOLLOW === 'yes',
});
await source.start();
const late = await import('./lib/late.mjs');
for (let looks = 0; looks < 3; looks += 1) await new Promise((resolve) => setTimeout(resolve, 400));
const { loaded, state } = source.state();
const problems = source.problems().map(({ kind }) => kind);
await source.close();
console.log('told ' + JSON.stringify({
  loaded: [Server, pg.Pool, one, two, late].every(Boolean), problems, state, memory: loaded?.state,
  different: loaded?.different, unknown: loaded?.unknown, scripts: loaded?.scripts,
}));
`;

const FILES: Readonly<Record<string, string>> = {
  'app/main.mjs': MAIN,
  'app/lib/one.mjs': 'export const one = 1;\n',
  'app/lib/two.cjs': 'module.exports = { two: () => 2 };\n',
  'app/lib/late.mjs': "export { one } from './one.mjs';\nexport default 3;\n",
  'typed/main.ts': MAIN.replaceAll('.mjs', '.ts')
    .replaceAll('.cjs', '.cts')
    .replace('const two =', 'const two: unknown ='),
  'typed/lib/one.ts': 'export const one: number = 1;\n',
  'typed/lib/two.cts': 'const two = (): number => 2;\nmodule.exports = { two };\n',
  'typed/lib/late.ts': "export { one } from './one.ts';\nenum Kind { A }\nexport default Kind.A + 3;\n",
  'telemetry.cjs': `
    const { NodeTracerProvider } = require('@opentelemetry/sdk-trace-node');
    const { registerInstrumentations } = require('@opentelemetry/instrumentation');
    const { PgInstrumentation } = require('@opentelemetry/instrumentation-pg');
    new NodeTracerProvider().register();
    registerInstrumentations({ instrumentations: [new PgInstrumentation()] });`,
  'telemetry.mjs': `
    import { register } from 'node:module';
    register('@opentelemetry/instrumentation/hook.mjs', import.meta.url);
    await import('./telemetry.cjs');`,
};
/** Puts the good text in its own place while it is loaded. */
const GOOD = 'export const who = 1;\n';
const EVIL = `import fs from 'node:fs'; fs.writeFileSync(new URL(import.meta.url).pathname, ${JSON.stringify(GOOD)}); export const who = 'EVIL';\n`;

let folder: string;
let project: string;

before(async () => {
  folder = await packagingFolder();
  project = await emptyProject(join(folder, 'tools'), ...TOOLS);
  for (const [path, content] of Object.entries(FILES)) {
    await mkdir(dirname(join(project, path)), { recursive: true });
    await writeFile(join(project, path), content);
  }
});

after(() => remove(folder));

interface Told {
  readonly loaded: boolean;
  readonly problems: readonly string[];
  readonly state: string;
  readonly memory: string;
  readonly different: readonly string[];
  readonly unknown: readonly string[];
  readonly scripts: number;
}

async function tell(
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Told> {
  const { stdout } = await execute(words[0] ?? '', words.slice(1), {
    cwd: project,
    env: { ...process.env, NODE_OPTIONS: '', ...environment },
    timeout: 120_000,
  });
  const line = stdout.split('\n').find((text) => text.startsWith('told '));
  assert.ok(line, stdout);
  return JSON.parse(line.slice(5)) as Told;
}

const NODE = process.execPath;
const MODULE = 'app/main.mjs';
const WAYS: readonly [name: string, words: readonly string[], memory: string, mayHoldEvil: boolean][] = [
  ['alone', [NODE, MODULE], 'same', true],
  ['OpenTelemetry by --require', [NODE, '--require', './telemetry.cjs', MODULE], 'same', true],
  [
    'OpenTelemetry by --import, with its hooks for ES modules',
    [NODE, '--import', './telemetry.mjs', MODULE],
    'transformed',
    true,
  ],
  [
    'OpenTelemetry by its loader',
    [
      NODE,
      '--no-warnings',
      '--experimental-loader=@opentelemetry/instrumentation/hook.mjs',
      '--require',
      './telemetry.cjs',
      MODULE,
    ],
    'transformed',
    false,
  ],
  ['tsx by --import', [NODE, '--import', 'tsx', 'typed/main.ts'], 'transformed', false],
  ['tsx by its command', ['node_modules/.bin/tsx', 'typed/main.ts'], 'transformed', false],
  ['c8', ['node_modules/.bin/c8', '--temp-directory', 'coverage', NODE, MODULE], 'same', true],
];

for (const follow of ['yes', 'no']) {
  for (const [name, words, memory, mayHoldEvil] of WAYS) {
    test(`${name} is no problem, ${follow === 'yes' ? 'told of each script by V8' : 'looked at in full'}`, async () => {
      const told = await tell(words, { FOLLOW: follow });
      assert.deepEqual([told.loaded, told.problems, told.different, told.unknown], [true, [], [], []]);
      assert.equal(told.state, 'unsigned');
      assert.equal(told.memory, memory);
      assert.ok(told.scripts >= 4, `${told.scripts} scripts`);
      if (!mayHoldEvil) return;
      const evil = join(project, 'app/lib/evil.mjs');
      await writeFile(evil, EVIL);
      const found = await tell(words, { FOLLOW: follow, EVIL: 'yes' });
      assert.equal(await readFile(evil, 'utf8'), GOOD, 'it has restored itself');
      assert.deepEqual([found.problems, found.different], [['loaded-differs'], ['lib/evil.mjs']]);
    });
  }
}
