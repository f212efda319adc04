/** What the projects of `formats.test.ts` and `formats-types.test.ts` are made of. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY } from './packed.js';

/** What people have beside the tarballs. */
export const TOOLS: Readonly<Record<string, string>> = {
  '@rollup/plugin-commonjs': '29.0.3',
  '@rollup/plugin-node-resolve': '16.0.3',
  '@types/jest': '30.0.0',
  '@types/node': '20.19.43',
  '@types/node16': 'npm:@types/node@16.11.7',
  '@types/pg': '8.23.1',
  esbuild: '0.28.2',
  ioredis: '6.0.0',
  jest: '30.5.2',
  pg: '8.23.1',
  rollup: '4.68.8',
  'ts-jest': '29.4.15',
  'ts-node': '10.9.2',
  tsx: '4.23.15',
  typescript: '5.9.3',
  'typescript-4.5': 'npm:typescript@4.5.5',
  vitest: '4.1.12',
  webpack: '5.113.0',
};

const README = readFileSync(join(REPOSITORY, 'packages/health/README.md'), 'utf8');
/** The first example of the README: what it imports, and what it does. */
const [, IMPORTS = '', DOES = ''] = /```ts\n((?:import .*\n)+)([^]*?)```/.exec(README) ?? [];

/** The example on any port, beside a source that it watches too, and what it says; but for two types it is JavaScript. */
const ASKING = `
  const failures: string[] = [];
  const source = watchSource({ root: process.env.SOURCE_ROOT as string });
  ${replaced(
    replaced(
      DOES,
      'createHealth({',
      "createHealth({ source, onFailure: ({ name, cause }) => failures.push(name + ' ' + JSON.stringify(cause)),",
    ),
    'await health.listen({ port: 9090 });',
    'const { url } = await health.listen({ port: 0 });',
  )}
  await health.start();
  const handler = createHealthHandler(health);
  const server = createServer((request, response) => {
    if (!handler(request, response)) response.end('your application');
  });
  await new Promise((resolve) => server.listen(0, () => resolve(undefined)));
  const address = server.address() as AddressInfo;
  const { status } = JSON.parse(await (await fetch('http://127.0.0.1:' + address.port + '/health')).text());
  const { database, cache } = JSON.parse(await (await fetch(url + '/health')).text());
  const line = [status, database, cache, health.report('admin').source_hash, ...failures].join(' ');
  await health.close();
  server.close();
  await Promise.all([pool.end(), redis.quit()]);
  return line;
}
`;

/** In TypeScript and by `import`: it exports nothing, so that it can be a program as well as the head of a test. */
export const APPLICATION = `
${IMPORTS}import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createHealthHandler } from 'portal-health/node';
import { watchSource } from 'portal-integrity';

async function ask() {${ASKING}`;

/** Without `esModuleInterop`, which is pg's to ask for. */
export const WITHOUT_INTEROP = replaced(APPLICATION, 'import pg from', 'import * as pg from');

/** The same by `import`, as a bundler takes it. */
export const IMPORTING = withoutTypes(APPLICATION);

/** Plain JavaScript by `require`. */
export const REQUIRING = IMPORTING.replaceAll(/^import (.*) from (.*);$/gm, 'const $1 = require($2);');

/** Makes a program of any of them. */
export const PRINTING = 'void ask().then((line) => console.log(line));\n';

/** An environment of Jest in which globals are a browser's, as jsdom has them: timers are numbers, signals are not Node's. */
export const LIKE_A_BROWSER = `
const { TestEnvironment } = require('jest-environment-node');

module.exports = class extends TestEnvironment {
  async setup() {
    await super.setup();
    const { global } = this;
    for (const name of ['setTimeout', 'setInterval']) {
      const original = global[name];
      global[name] = (...args) => Number(original(...args));
    }
    delete global.setImmediate;
    delete global.clearImmediate;
    delete global.TextDecoder;
    global.AbortController = class {
      constructor() {
        const listeners = [];
        this.signal = {
          aborted: false,
          addEventListener: (_name, listener) => void listeners.push(listener),
          removeEventListener: (_name, listener) => void listeners.splice(listeners.indexOf(listener) >>> 0, 1),
        };
        this.abort = () => {
          this.signal.aborted = true;
          for (const listener of listeners.splice(0)) listener({ type: 'abort' });
        };
      }
    };
  }
};
`;

/** What is to be replaced is there. */
function replaced(text: string, from: string, to: string): string {
  if (!text.includes(from)) throw new Error(`The first example of the README has no ${from}`);
  return text.replace(from, () => to);
}

function withoutTypes(text: string): string {
  return text.replaceAll(/^import type .*\n| as \w+|: string\[\]/gm, '');
}

interface Bundle {
  /** Run in the project; writes `output`. */
  readonly script: string;
  readonly output: string;
}

function esbuild(format: 'cjs' | 'esm', end: string, more = ''): Bundle {
  const output = `bundled/esbuild${more.replaceAll(/\W+/g, '-')}.${end}`;
  const script = `import { build } from 'esbuild';
    await build({ entryPoints: ['bundled/app.mjs'], outfile: '${output}', bundle: true, platform: 'node', format: '${format}',
      external: ['pg', 'ioredis'], logLevel: 'error', ${more} });`;
  return { script, output };
}

function webpack(mode: 'development' | 'production', isModule: boolean, more = ''): Bundle {
  const filename = `webpack-${mode}${more.replaceAll(/\W+/g, '-')}.${isModule ? 'mjs' : 'cjs'}`;
  const type = isModule ? 'module' : 'commonjs';
  const script = `import { join } from 'node:path';
    import webpack from 'webpack';
    webpack({ mode: '${mode}', target: 'node20', entry: './bundled/app.mjs', ${more} experiments: { outputModule: ${isModule} },
      output: { path: join(process.cwd(), 'bundled'), filename: '${filename}', ${isModule ? "library: { type: 'module' }, " : ''}},
      externals: { pg: '${type} pg', ioredis: '${type} ioredis' } }, (error, stats) => {
      if (error || stats.hasErrors() || stats.hasWarnings()) { console.error(error ?? stats.toString()); process.exitCode = 1; }
    });`;
  return { script, output: `bundled/${filename}` };
}

function rollup(format: 'cjs' | 'es', end: string): Bundle {
  const output = `bundled/rollup.${end}`;
  const script = `import commonjs from '@rollup/plugin-commonjs';
    import { nodeResolve } from '@rollup/plugin-node-resolve';
    import { rollup } from 'rollup';
    const made = await rollup({ input: 'bundled/app.mjs', external: ['pg', 'ioredis'],
      onwarn({ message }) { throw new Error(message); },
      plugins: [nodeResolve({ preferBuiltins: true }), commonjs()] });
    await made.write({ file: '${output}', format: '${format}' });`;
  return { script, output };
}

export const BUNDLES: Readonly<Record<string, Bundle>> = {
  'esbuild, CommonJS': esbuild('cjs', 'cjs'),
  'esbuild, ESM': esbuild('esm', 'mjs'),
  'esbuild, CommonJS, minified': esbuild('cjs', 'cjs', 'minify: true'),
  'esbuild, ESM, minified with names kept': esbuild('esm', 'mjs', 'minify: true, keepNames: true'),
  'esbuild, ESM, with conditions of its own': esbuild('esm', 'mjs', "conditions: ['node']"),
  // Bun's bundler has them.
  'esbuild, ESM, with the conditions of Node beside its own': esbuild(
    'esm',
    'mjs',
    "conditions: ['module', 'node', 'node-addons']",
  ),
  'webpack 5, CommonJS': webpack('production', false),
  'webpack 5, CommonJS, development': webpack('development', false),
  'webpack 5, ESM': webpack('production', true),
  'webpack 5, ESM, with conditions of its own': webpack(
    'production',
    true,
    // Beside `resolve.conditionNames` it has conditions of its own, `module` among them.
    "resolve: { byDependency: { esm: { conditionNames: ['import', 'node'] } } },",
  ),
  'rollup, CommonJS': rollup('cjs', 'cjs'),
  'rollup, ESM': rollup('es', 'mjs'),
};
