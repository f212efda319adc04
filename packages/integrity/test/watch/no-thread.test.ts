/**
 * Where no thread may start: what needs one is a finding with its cause, and what can do without one does.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { shellHash, withTree, type Contents } from '../trees.js';

/** Node refuses to start a thread, and nothing else that is needed here. */
const WITHOUT_THREADS = [
  process.allowedNodeEnvironmentFlags.has('--permission') ? '--permission' : '--experimental-permission',
  '--allow-fs-read=*',
  '--no-warnings',
];
const MODULES = new URL('../../src/', import.meta.url);

function printed(script: string): unknown {
  const args = [...WITHOUT_THREADS, '--input-type=module', '-e', script];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8', timeout: 30_000 }));
}

test('a source that gets no thread is kept waiting for nothing, and says so; a file that cannot be read is told apart', () =>
  withTree({ 'main.js': 'main\n' }, (root) => {
    const script = `
      import { watchSource } from '${new URL('source.js', MODULES).href}';
      const source = watchSource({ root: ${JSON.stringify(root)} });
      let changes = 0;
      source.onChange(() => (changes += 1));
      await source.start();
      console.log(JSON.stringify([source.hash, source.problems(), source.state().state, changes > 0]));
      await source.close();`;
    const message =
      'E_THREAD . is not read, as the thread that does it did not start or has ended (ERR_ACCESS_DENIED)';
    assert.deepEqual(printed(script), [
      null,
      [{ kind: 'unreadable', code: 'E_THREAD', message }],
      'unreadable',
      true,
    ]);
  }));

test('a large tree is hashed without the second thread', () => {
  const files: Contents = Object.fromEntries(
    Array.from({ length: 2_100 }, (_, index) => [`${index}`, `${index}`]),
  );
  return withTree(files, (root) => {
    const script = `
      import { hashTree } from '${new URL('scan/hash-tree.js', MODULES).href}';
      const { result } = hashTree({ root: ${JSON.stringify(root)}, exclude: [] });
      console.log(JSON.stringify(result.hash));`;
    assert.equal(printed(script), shellHash(root));
  });
});
