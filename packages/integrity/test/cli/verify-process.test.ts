/** `verify --pid` in short; every way to run something else is in `verify-process-ways.test.ts`. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { withFolder, write } from '../trees.js';
import { run } from './program.js';
import { assertVerdict, STAYS, TREE, verifyStarted } from './started-process.js';

test('verified, and told of what changed and was put back after the start', async () => {
  assertVerdict(await verifyStarted({}), 0, 'verified');
  const found = await verifyStarted({
    meanwhile(folder) {
      const file = join(folder, 'app/dist/other.js');
      const good = readFileSync(file);
      writeFileSync(file, 'EVIL');
      writeFileSync(file, good);
    },
  });
  assertVerdict(
    found,
    8,
    'changed after it started',
    /dist\/other\.js was written, moved or given other rights/,
  );
});

test('a process that runs something else, or something besides, is not from this tree', async () => {
  const unrelated = await verifyStarted({ args: ['-e', STAYS, 'app/dist/main.js'] });
  assertVerdict(unrelated, 8, 'not from this tree', /runs code from its command line/);
  const preloaded = await verifyStarted((folder) => {
    const file = join(folder, 'pre.cjs');
    writeFileSync(file, 'globalThis.evil = 1;');
    return { options: { env: { ...process.env, NODE_OPTIONS: `--require ${file}` } } };
  });
  assertVerdict(preloaded, 8, 'not from this tree', /--require \S+ by NODE_OPTIONS/);
});

test('a process that is not there, or not ours to read, is open and says what to do', () =>
  withFolder(async (folder) => {
    write(folder, TREE);
    const verify = ['verify', 'app', '--expect', '0'.repeat(64), '--pid'];
    const gone = await run([...verify, '4194304'], { cwd: folder });
    assert.deepEqual(
      [gone.exit, gone.stderr],
      [32, 'app of process 4194304 cannot be read (ENOENT): there is no such process or folder.\n'],
    );
  }));
