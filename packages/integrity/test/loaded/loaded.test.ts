import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { runInThisContext } from 'node:vm';
import { watchSource, type Inspection, type SourceOptions } from '../../src/source.js';
import { runScript } from 'portal-test-kit';
import { createMemoryReader } from '../../src/loaded/loaded.js';
import { withTree, write, type Contents } from '../trees.js';

const THREADS = fileURLToPath(new URL('./threads-program.js', import.meta.url));

const require = createRequire(import.meta.url);

/** Loads modules of a tree, lets `meanwhile` happen, hashes the tree, and compares it with memory. */
function inspect(
  contents: Contents,
  load: readonly string[],
  meanwhile: (root: string) => void = () => undefined,
  options: Partial<SourceOptions> = {},
): Promise<Inspection> {
  return withTree(contents, async (root) => {
    for (const path of load) {
      if (path.endsWith('.cjs')) require(join(root, path));
      else await import(pathToFileURL(join(root, path)).href + (path.endsWith('b.mjs') ? '?v=2' : ''));
    }
    meanwhile(root);
    const source = watchSource({ root, watch: false, ...options });
    try {
      await source.start();
      const inspection = await source.inspect();
      assert.deepEqual(source.state().loaded?.different, inspection.different);
      return inspection;
    } finally {
      await source.close();
    }
  });
}

describe('scripts in memory against the files that were hashed', () => {
  test('what was loaded and left alone is the same, whatever its encoding and kind', async () => {
    const contents = {
      'a.mjs': 'export default 1;\n',
      'b.mjs': 'export default 2;\r\n',
      'empty.mjs': '',
      'unicode.mjs': 'export default "ä€😀";\n',
      'bom.mjs': '\u{feff}export default 3;\n',
      'shebang.mjs': '#!/usr/bin/env node\nexport default 4;\n',
      'c.cjs': 'module.exports = 5;\n',
      'bom.cjs': '\u{feff}module.exports = 6;',
      'latin.cjs': Buffer.from('module.exports = "caf\u{e9}";\n', 'latin1'),
      'spaces and #?ü.mjs': 'export default 7;\n',
      'not-loaded.mjs': 'export default 8;\n',
    };
    const paths = Object.keys(contents).filter((path) => path !== 'not-loaded.mjs');
    const { scripts, different, unknown, matched } = await inspect(contents, paths);
    assert.deepEqual({ scripts, different, unknown }, { scripts: paths.length, different: [], unknown: [] });
    assert.deepEqual(
      matched.map(({ path }) => path),
      paths.toSorted(),
    );
  });

  test('a file that was edited after it was loaded is different, also by a byte that changes nothing', async () => {
    const { different } = await inspect(
      { 'a.mjs': 'export default 1;\n', 'c.cjs': 'module.exports = 1;\n', 'same.mjs': 'export default 2;\n' },
      ['a.mjs', 'c.cjs', 'same.mjs'],
      (root) => write(root, { 'a.mjs': 'export default 1; \n', 'c.cjs': 'module.exports = 2;\n' }),
    );
    assert.deepEqual(different, ['a.mjs', 'c.cjs']);
  });

  test('a script whose file is gone is unknown', async () => {
    const { unknown } = await inspect(
      { 'gone.mjs': 'export default 1;\n', 'rest.mjs': '' },
      ['gone.mjs'],
      (root) => rmSync(join(root, 'gone.mjs')),
    );
    assert.deepEqual(unknown, ['gone.mjs']);
  });

  test('a script that says it is a file of the tree, and was made from text, is unknown or different', async () => {
    const { unknown, different } = await inspect({ 'real.mjs': 'export default 1;\n' }, [], (root) => {
      runInThisContext('1 + 1', { filename: join(root, 'made-up.mjs') });
      runInThisContext('1 + 2', { filename: pathToFileURL(join(root, 'real.mjs')).href });
    });
    assert.deepEqual({ unknown, different }, { unknown: ['made-up.mjs'], different: ['real.mjs'] });
  });

  test('nor does it hide by the way of a place that is left out', async () => {
    const { unknown } = await inspect(
      { 'a.mjs': '' },
      [],
      (root) => runInThisContext('1 + 3', { filename: `${root}/node_modules/../made-up.mjs` }),
      { exclude: ['node_modules'] },
    );
    assert.deepEqual(unknown, ['made-up.mjs']);
  });

  test('files outside of the scope are counted, and so is what was made from text', async () => {
    const before = await inspect({ 'a.mjs': '' }, []);
    const after = await inspect(
      { 'a.mjs': '', 'node_modules/x/index.mjs': 'export default 1;\n' },
      ['node_modules/x/index.mjs'],
      () => {
        // oxlint-disable-next-line no-implied-eval, no-new-func -- what this test is about
        assert.equal(new Function('return 7')(), 7);
        runInThisContext('8 //# sourceURL=file:///says/it/is/a/file.js');
      },
      { exclude: ['node_modules'] },
    );
    assert.equal(after.outside, before.outside + 1);
    assert.equal(after.evaluated, before.evaluated + 2);
    assert.deepEqual(after.unknown, []);
  });
});

test('looking again finds the same', () => {
  const first = createMemoryReader({ follows: false }).look();
  const second = createMemoryReader({ follows: false }).look();
  assert.ok((first?.scripts.length ?? 0) > 200);
  assert.deepEqual(second?.scripts.length, first?.scripts.length);
});

test('however often it is asked for, it is done once in ten seconds', () =>
  withTree({ 'a.mjs': '' }, async (root) => {
    const source = watchSource({ root, watch: false });
    await source.start();
    const [first, second] = await Promise.all([source.inspect(), source.inspect()]);
    assert.equal(first, second);
    writeFileSync(join(root, 'a.mjs'), 'x');
    assert.equal(await source.inspect(), first);
    await source.close();
  }));

test('before the source was hashed there is nothing to compare with', () =>
  withTree({ 'a.mjs': '' }, async (root) => {
    await assert.rejects(watchSource({ root }).inspect(), /^Error: The source has not been hashed yet\.$/);
  }));

test('threads that come and go while it looks are counted, and end nothing: Node’s own list of them ends the process', async () => {
  const { exit, stdout, stderr } = await runScript(THREADS, ['12']);
  assert.deepEqual([exit, stderr], [0, '']);
  // The one that was there before it, and the one that came last.
  assert.deepEqual(JSON.parse(stdout), { looks: true, calm: 1, more: 2 });
});
