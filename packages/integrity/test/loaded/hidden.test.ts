/** Code that hides from whoever looks into memory: by what it takes of Node, by its time, by hooks of the loader. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { withFolder, withTree, write } from '../trees.js';
import { edit, evil, GOOD, kinds, kindsInclude, TREE, withProgram } from './memory-program.js';

/** What code that was loaded before the first look may take of Node. */
const TAKEN: readonly [string, string][] = [
  [
    'emit',
    `for (const { prototype } of [Session, EventEmitter]) {
       const { emit } = prototype;
       Object.defineProperty(prototype, 'emit', {
         get: () => function (name, ...args) { return name === 'Debugger.scriptParsed' || emit.call(this, name, ...args); },
         set: () => undefined,
       });
     }`,
  ],
  [
    'what is asked for',
    `const { post } = Session.prototype;
     Session.prototype.post = function (method, ...args) { if (!method.startsWith('Debugger.')) return post.call(this, method, ...args); };`,
  ],
  [
    'the session',
    `inspector.Session = class { connect() {} disconnect() {} post() {} };
     Session.prototype.connect = () => undefined;
     inspector.url = () => undefined;
     syncBuiltinESMExports();`,
  ],
];

describe('whoever hides from the debugger that V8 tells scripts to', () => {
  for (const follow of ['no', 'yes', 'early']) {
    for (const [name, take] of TAKEN) {
      test(`by what it takes of Node is found all the same: ${name}, follows: ${follow}`, () =>
        withTree(TREE, async (root) => {
          writeFileSync(
            join(root, 'd/a.js'),
            `import inspector, { Session } from 'node:inspector'; import { EventEmitter } from 'node:events';
             import { syncBuiltinESMExports } from 'node:module';
             ${take}
             ${evil(GOOD)}`,
          );
          await withProgram(
            root,
            [join(root, 'd/a.js'), join(root, 'd/b.js')],
            ({ first }) => assert.deepEqual(first.state.loaded?.different, ['d/a.js']),
            { env: { ...process.env, FOLLOW_MEMORY: follow } },
          );
        }));
    }

    test(`by an edit long after anything was compiled is found, follows: ${follow}`, () =>
      withTree(TREE, (root) =>
        withFolder((elsewhere) => {
          const preload = join(elsewhere, 'pre.cjs');
          writeFileSync(preload, `setTimeout(() => ${edit('')}, 2_500);`);
          return withProgram(
            root,
            [join(root, 'd/b.js')],
            async ({ first, until }) => {
              assert.deepEqual(first.problems, []);
              const told = await until(kindsInclude);
              assert.deepEqual(told.state.loaded?.different, ['d/b.js']);
            },
            { execArgv: ['--require', preload], env: { ...process.env, FOLLOW_MEMORY: follow } },
          );
        }),
      ));
  }
});

/** Serves other text for one module of the tree, under its own name or as a further instance of it. */
const HOOKS = `export async function load(url, context, next) {
  if (!/[/]d[/](?:late[.]js|b[.]js[?]x)$/.test(url)) return next(url, context);
  return { format: 'module', shortCircuit: true, source: "export const who = 'EVIL';" };
}`;

describe('hooks that a module registers while the program runs', () => {
  test('bring no other text under the name of a file; a further instance of one is named as rewritten', () =>
    withTree({ ...TREE, 'd/late.js': GOOD }, (root) =>
      withFolder(async (elsewhere) => {
        write(elsewhere, {
          'hooks.mjs': HOOKS,
          'register.mjs': "import { register } from 'node:module'; register('./hooks.mjs', import.meta.url);",
        });
        await withProgram(root, [join(root, 'd/b.js')], async ({ first, tell, until }) => {
          assert.deepEqual(first.problems, []);
          assert.equal(first.state.loaded?.process.loader_hooks, false);
          await tell({ load: join(elsewhere, 'register.mjs') });
          await tell({ load: `${join(root, 'd/b.js')}?x` });
          const rewritten = await until(({ state }) => state.loaded?.state === 'transformed');
          assert.deepEqual(rewritten.state.loaded?.transformed, ['d/b.js']);
          assert.equal(rewritten.state.loaded.process.loader_hooks, true);
          assert.deepEqual(rewritten.problems, []);
          await tell({ load: join(root, 'd/late.js') });
          const told = await until(kindsInclude);
          assert.deepEqual(told.state.loaded?.different, ['d/late.js']);
          assert.deepEqual(kinds(told), ['loaded-differs']);
        });
      }),
    ));
});
