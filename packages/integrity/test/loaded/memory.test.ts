/** Code that is not the source: put in memory in every way that we know of, and found without being asked for. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { withFolder, withTree, write } from '../trees.js';
import {
  edit,
  evil,
  GOOD,
  kinds,
  kindsInclude,
  OPEN_INSPECTOR,
  type Program,
  TREE,
  withProgram,
} from './memory-program.js';

describe('a module that restores its file before the first hash', () => {
  const names: readonly [string, string, string][] = [
    ['', 'd/a.js', ''],
    ['with a comment that names it one of Node’s', 'd/a.js', '//# sourceURL=node:internal/x'],
    ['with a comment that names it made from text', 'd/a.js', '//# sourceURL=evalmachine.<anonymous>'],
    ['with the old spelling of that comment', 'd/a.js', '//@ sourceURL=node:fs'],
    ['in CommonJS, with the comment', 'd/c.cjs', '//# sourceURL=node:internal/y'],
    [
      'with a source map that says it was compiled',
      'd/a.js',
      '//# sourceMappingURL=data:application/json,{}',
    ],
  ];
  for (const [name, path, lastLine] of names) {
    test(`is a problem and an event that stay ${name}`, () =>
      withTree({ ...TREE, 'd/c.cjs': 'exports.who = 1;\n' }, async (root) => {
        const isModule = path.endsWith('.js');
        const good = isModule ? GOOD : 'exports.who = 1;\n';
        writeFileSync(join(root, path), evil(good, lastLine, isModule));
        await withProgram(root, [join(root, path), join(root, 'd/b.js')], ({ first }) => {
          assert.deepEqual(kinds(first), ['loaded-differs']);
          const { state, loaded, loaded_differs_since, drifted_since, events } = first.state;
          assert.equal(state, 'loaded_differs');
          assert.deepEqual(loaded?.different, [path]);
          assert.equal(loaded.state, 'different');
          assert.notEqual(loaded_differs_since, null);
          assert.equal(drifted_since, null);
          assert.equal(first.events.length, 1);
          assert.equal(events[0]?.kind, 'loaded');
          assert.deepEqual(events[0].loaded, [path]);
        });
      }));
  }
});

describe('while running', () => {
  test('a file that is loaded changed and put back is found at the next look, and the latch outlasts the script', () =>
    withTree(TREE, (root) =>
      withProgram(root, [join(root, 'd/b.js')], async ({ first, tell, until }) => {
        assert.deepEqual(first.problems, []);
        assert.equal(first.state.loaded?.state, 'same');
        writeFileSync(join(root, 'd/a.js'), evil(GOOD));
        await tell({ load: join(root, 'd/a.js') });
        const told = await until((now) => kinds(now).includes('loaded-differs'));
        assert.deepEqual(told.state.loaded?.different, ['d/a.js']);
        // A second look says the same, and is no second event.
        const looked = told.inspection.inspected_at;
        const later = await until(({ inspection }) => inspection.inspected_at > looked);
        assert.equal(later.state.events.filter(({ kind }) => kind === 'loaded').length, 1);
      }),
    ));

  test('a live edit through the inspector is found, and so is the inspector that listens', () =>
    withTree(TREE, (root) =>
      withProgram(root, [join(root, 'd/b.js')], async ({ first, tell, until }) => {
        assert.equal(first.state.loaded?.process.inspector_open, false);
        await tell({
          run: edit(OPEN_INSPECTOR),
        });
        const told = await until(({ state }) => state.loaded?.process.inspector_open === true);
        assert.deepEqual(told.state.loaded?.different, ['d/b.js']);
      }),
    ));

  test('scripts that claim to be of Node are believed only if this Node has them', () =>
    withTree(TREE, (root) =>
      withProgram(root, [join(root, 'd/b.js')], async ({ tell, until }) => {
        await tell({
          run: `for (const filename of ['node:internal/made-up', 'node:fs', 'node:toString']) {
            globalThis.kept ??= [];
            const script = new (process.getBuiltinModule('node:vm').Script)('1;', { filename });
            script.runInThisContext();
            kept.push(script);
          }`,
        });
        const told = await until(kindsInclude);
        assert.deepEqual(told.state.loaded?.unknown, ['node:fs', 'node:internal/made-up', 'node:toString']);
      }),
    ));

  test('code made from text, worker threads and what is outside are told', () =>
    withTree(
      { ...TREE, 'node_modules/@scope/dep/index.mjs': 'export default 1;', 'd/node_modules/dep/i.mjs': '' },
      (root) =>
        withProgram(
          root,
          [
            join(root, 'd/b.js'),
            join(root, 'node_modules/@scope/dep/index.mjs'),
            join(root, 'd/node_modules/dep/i.mjs'),
          ],
          async ({ tell, until }) => {
            // The first look may come before V8 knows of the thread that hashes.
            const { loaded: before } = (await until(({ state }) => state.loaded?.process.workers === 1))
              .state;
            assert.ok(before);
            assert.deepEqual(
              before.packages.filter(({ inside }) => inside).map(({ name, scripts }) => [name, scripts]),
              [
                ['dep', 1],
                ['@scope/dep', 1],
              ],
            );
            await tell({
              run: `const { Worker } = process.getBuiltinModule('node:worker_threads');
              new Function('return 41 //# sourceURL=node:internal/f');
              globalThis.worker = new Worker('setInterval(() => {}, 1000)', { eval: true });`,
            });
            const told = await until(
              ({ state }) => state.loaded?.process.workers === before.process.workers + 1,
            );
            assert.ok((told.state.loaded?.evaluated ?? 0) >= before.evaluated + 2);
            assert.ok((told.state.loaded?.evaluated_digests.length ?? 0) > before.evaluated_digests.length);
            assert.deepEqual(told.problems, []);
          },
        ),
    ));
});

describe('where V8 tells scripts as it compiles them', () => {
  const FOLLOWING = { env: { ...process.env, FOLLOW_MEMORY: 'yes' } };

  test('a script that is gone by the next look is found', () =>
    withTree(TREE, (root) =>
      withProgram(
        root,
        [join(root, 'd/b.js')],
        async ({ first, tell, until }) => {
          assert.equal(first.state.loaded?.state, 'same');
          await tell({
            run: `{
              const { Script } = process.getBuiltinModule('node:vm');
              const filename = ${JSON.stringify(join(root, 'd/gone.js'))};
              for (let n = 0; n < 3; n += 1) new Script('globalThis.ran = ' + n, { filename }).runInThisContext();
              process.getBuiltinModule('node:v8').setFlagsFromString('--expose-gc');
              process.getBuiltinModule('node:vm').runInNewContext('gc')();
            }`,
          });
          const told = await until(kindsInclude);
          assert.deepEqual([...new Set(told.state.loaded?.unknown)], ['d/gone.js']);
        },
        FOLLOWING,
      ),
    ));

  test('an edit in memory by code made from text, or while the inspector listens, is found all the same', () =>
    withTree({ ...TREE, 'd/edits.js': edit(OPEN_INSPECTOR) }, async (root) => {
      for (const action of [{ run: edit('') }, { load: join(root, 'd/edits.js') }]) {
        await withProgram(
          root,
          [join(root, 'd/b.js')],
          async ({ first, tell, until }) => {
            assert.deepEqual(first.problems, []);
            await tell(action);
            const told = await until(kindsInclude);
            assert.deepEqual(told.state.loaded?.different, ['d/b.js']);
          },
          FOLLOWING,
        );
      }
    }));
});

describe('followed since before anything was loaded', () => {
  const EARLY = { env: { ...process.env, FOLLOW_MEMORY: 'early' } };

  test('a script that ran and was gone before the first look is found', () =>
    withTree(
      {
        ...TREE,
        'd/c.cjs': `const { Script } = require('node:vm');
          new Script('globalThis.ran = 1', { filename: require('node:path').join(__dirname, 'gone.js') }).runInThisContext();
          require('node:v8').setFlagsFromString('--expose-gc');
          for (let n = 0; n < 3; n += 1) require('node:vm').runInNewContext('gc')();`,
      },
      (root) =>
        withProgram(
          root,
          [join(root, 'd/c.cjs')],
          ({ first }) => {
            assert.deepEqual(first.state.loaded?.unknown, ['d/gone.js']);
            assert.deepEqual(kinds(first), ['loaded-differs']);
          },
          EARLY,
        ),
    ));

  test('a thread that ended before the watch began is no thread that runs', () =>
    withTree(
      {
        ...TREE,
        'd/c.cjs': `const { Worker } = require('node:worker_threads');
          exports.ended = new Promise((resolve) => new Worker('', { eval: true }).once('exit', resolve));`,
        'd/d.mjs': "import c from './c.cjs'; await c.ended;\n",
      },
      (root) =>
        withProgram(
          root,
          [join(root, 'd/d.mjs')],
          async ({ until }) => {
            // The one that hashes.
            await until(({ state }) => state.loaded?.process.workers === 1);
          },
          EARLY,
        ),
    ));
});

test('what was preloaded is told by name, whatever it calls itself', () =>
  withTree(TREE, (root) =>
    withFolder((elsewhere) => {
      const preload = join(elsewhere, 'pre.cjs');
      writeFileSync(preload, 'globalThis.evil = 1;\n//# sourceURL=node:internal/x');
      return withProgram(
        root,
        [join(root, 'd/b.js')],
        ({ first }) => {
          const { loaded } = first.state;
          assert.deepEqual(loaded?.process.preloads, [`--require ${preload}`, `--import=${preload}`]);
          assert.equal(loaded.process.node_options, `--import=${preload}`);
          assert.ok(loaded.packages.some(({ name, folder }) => name === null && folder === elsewhere));
          assert.deepEqual(first.problems, []);
        },
        { execArgv: ['--require', preload], env: { ...process.env, NODE_OPTIONS: `--import=${preload}` } },
      );
    }),
  ));

test('a module that says it was preloaded or transformed is not believed', () =>
  withTree(TREE, async (root) => {
    writeFileSync(
      join(root, 'd/a.js'),
      `process.execArgv.push('--import', 'tsx'); process.env.NODE_OPTIONS = '--import tsx';
       import { register } from 'node:module'; register('data:text/javascript,');
       ${evil(GOOD)}`,
    );
    await withProgram(root, [join(root, 'd/a.js'), join(root, 'd/b.js')], ({ first }) => {
      assert.equal(first.state.loaded?.process.loader_hooks, true);
      assert.deepEqual(first.state.loaded.different, ['d/a.js']);
      assert.deepEqual(kinds(first), ['loaded-differs']);
    });
  }));

describe('a preload that only looks like a transformer is none', () => {
  const ways: readonly [string, (elsewhere: string) => string][] = [
    ['by the name of its folder', (elsewhere) => `--import=${join(elsewhere, 'tsx/pre.mjs')}`],
    ['as a loader that is no file', () => '--experimental-loader=data:text/javascript,'],
    [
      'behind a name that ends so',
      (elsewhere) => `--require=${join(elsewhere, 'node_modules/not-tsx/i.cjs')}`,
    ],
  ];
  for (const [name, option] of ways) {
    test(name, () =>
      withTree(TREE, (root) =>
        withFolder((elsewhere) => {
          write(elsewhere, { 'tsx/pre.mjs': '', 'node_modules/not-tsx/i.cjs': '' });
          writeFileSync(join(root, 'd/a.js'), evil(GOOD));
          return withProgram(
            root,
            [join(root, 'd/a.js')],
            ({ first }) => {
              assert.deepEqual(first.state.loaded?.process.preloads.length, 1);
              assert.deepEqual(first.state.loaded.different, ['d/a.js']);
              assert.deepEqual(kinds(first), ['loaded-differs']);
            },
            { env: { ...process.env, NODE_OPTIONS: `--no-warnings ${option(elsewhere)}` } },
          );
        }),
      ),
    );
  }
});

test('a script in the wrapper of CommonJS, as caches of compiled code make it, is its file', () =>
  withTree({ ...TREE, 'd/c.cjs': 'exports.who = 1;\n', 'd/e.cjs': '' }, (root) =>
    withFolder((elsewhere) => {
      const preload = join(elsewhere, 'pre.cjs');
      writeFileSync(
        preload,
        "const Module = require('node:module'); const { wrap } = Module; Module.wrap = (text) => wrap(text);",
      );
      writeFileSync(join(root, 'd/e.cjs'), evil('exports.who = 1;\n', '', false));
      return withProgram(
        root,
        [join(root, 'd/c.cjs'), join(root, 'd/e.cjs')],
        ({ first }) => {
          assert.equal(first.state.loaded?.scripts, 2);
          assert.deepEqual(first.state.loaded.different, ['d/e.cjs']);
        },
        { execArgv: ['--require', preload] },
      );
    }),
  ));

test('what is no script and was put back before it was first read is warned of', () =>
  withTree({ ...TREE, 'd/settings.json': '{"who":"EVIL"}' }, (root) =>
    withFolder(async (elsewhere) => {
      const preload = join(elsewhere, 'pre.cjs');
      const file = JSON.stringify(join(root, 'd/settings.json'));
      // By a file of before the start with the time of then, as who hides would.
      writeFileSync(
        preload,
        `globalThis.read = require(${file}); const fs = require('node:fs'); const { atime, mtime } = fs.statSync(${file});
         fs.writeFileSync(${file}, '{"who":"good"}'); fs.utimesSync(${file}, atime, mtime);`,
      );
      const late = ({ first }: Program) =>
        first.state.warnings.filter((text) => text.includes('settings.json'));
      await withProgram(
        root,
        [join(root, 'd/b.js')],
        (program) => {
          assert.deepEqual(late(program), [
            'd/settings.json changed after this process had started and before it was first read: what it held until then is not known.',
          ]);
          assert.deepEqual(program.first.problems, []);
        },
        { execArgv: ['--require', preload] },
      );
      await withProgram(root, [join(root, 'd/b.js')], (program) => assert.deepEqual(late(program), []));
    }),
  ));

/** As import-in-the-middle of OpenTelemetry puts a module before another, and as tsx makes JavaScript of TypeScript. */
const LOADER = `
  export async function resolve(specifier, context, next) {
    const found = await next(specifier, context);
    const isOurs = found.url === 'node:http' || found.url.endsWith('.js');
    if (!isOurs || !context.parentURL || context.parentURL.includes('?iitm=true')) return found;
    return { url: found.url + '?iitm=true', format: 'module', shortCircuit: true };
  }
  export async function load(url, context, next) {
    if (url.endsWith('.ts')) return { format: 'module', shortCircuit: true, source: 'export const who = 1;' };
    if (!url.includes('?iitm=true')) return next(url, context);
    const real = JSON.stringify(url.replace('?iitm=true', ''));
    return { format: 'module', shortCircuit: true, source: 'export * from ' + real + ';' };
  }`;

describe('sources that a loader rewrites are named, and no problem', () => {
  test('hooks that put modules before others, and TypeScript', () =>
    withTree(
      {
        ...TREE,
        'd/h.js': "export { Server } from 'node:http';\n",
        'd/t.ts': 'export const who: number = 1;\n',
      },
      (root) =>
        withFolder((elsewhere) => {
          write(elsewhere, {
            'loader.mjs': LOADER,
            'register.mjs':
              "import { register } from 'node:module'; register('./loader.mjs', import.meta.url);",
          });
          return withProgram(
            root,
            [join(root, 'd/b.js'), join(root, 'd/h.js'), join(root, 'd/t.ts')],
            ({ first }) => {
              assert.deepEqual(first.problems, []);
              assert.equal(first.state.loaded?.state, 'transformed');
              const { transformed } = first.state.loaded;
              assert.deepEqual(transformed, ['d/b.js', 'd/h.js', 'd/t.ts', 'node:http?iitm=true']);
            },
            { execArgv: ['--import', join(elsewhere, 'register.mjs')] },
          );
        }),
    ));

  test('coverage by V8, as c8 asks for it, rewrites nothing', () =>
    withTree(TREE, (root) =>
      withFolder((coverage) =>
        withProgram(
          root,
          [join(root, 'd/b.js')],
          ({ first }) => {
            assert.deepEqual(first.problems, []);
            assert.equal(first.state.loaded?.state, 'same');
          },
          { env: { ...process.env, NODE_V8_COVERAGE: coverage } },
        ),
      ),
    ));
});

describe('nothing of the source in memory', () => {
  test('is open, and no good news', () =>
    withTree(TREE, (root) =>
      withProgram(root, [], ({ first }) => {
        assert.equal(first.state.loaded?.scripts, 0);
        assert.equal(first.state.loaded.state, 'open');
        assert.deepEqual(first.problems, []);
      }),
    ));

  test('a link to the root that is moved afterwards hides nothing', () =>
    withFolder(async (folder) => {
      write(folder, { '1/app/a.mjs': GOOD, '2/app/a.mjs': GOOD });
      symlinkSync('1', join(folder, 'current'));
      const root = join(folder, 'current/app');
      await withProgram(root, [join(root, 'a.mjs')], async ({ first, tell, until }) => {
        assert.equal(first.state.loaded?.scripts, 1);
        await tell({
          run: `const fs = process.getBuiltinModule('node:fs'); const at = ${JSON.stringify(join(folder, 'current'))};
          fs.rmSync(at); fs.symlinkSync('2', at);`,
        });
        const looked = first.inspection.inspected_at;
        const told = await until(({ inspection }) => inspection.inspected_at > looked);
        assert.equal(told.state.loaded?.scripts, 1);
      });
    }));

  test('links that are preserved count by the name that was given', () =>
    withFolder(async (folder) => {
      write(folder, { '1/app/a.mjs': GOOD });
      symlinkSync('1', join(folder, 'current'));
      const root = join(folder, 'current/app');
      await withProgram(
        root,
        [join(root, 'a.mjs')],
        ({ first }) => assert.equal(first.state.loaded?.scripts, 1),
        { execArgv: ['--preserve-symlinks'] },
      );
    }));
});

for (const name of ['addon.node', 'no-addon.so', 'picture.png']) {
  test(`a native addon is told, called ${name}`, () =>
    withTree(TREE, async (root) => {
      // Any file will do that the loader maps before it finds that it is none of ours.
      const addon = join(root, 'node_modules/addon', name);
      mkdirSync(join(root, 'node_modules/addon'), { recursive: true });
      copyFileSync(fileURLToPath(import.meta.resolve(ADDON)), addon);
      await withProgram(root, [join(root, 'd/b.js')], async ({ first, tell, until }) => {
        assert.deepEqual(first.state.loaded?.process.addons, []);
        await tell({ run: `process.dlopen({ exports: {} }, ${JSON.stringify(addon)})` });
        const { state } = await until((told) => (told.state.loaded?.process.addons?.length ?? 0) > 0);
        assert.deepEqual(state.loaded?.process.addons, [addon]);
      });
    }));
}

const ADDON = `@libsql/linux-${process.arch}-gnu/index.node`;
