/** `verify --pid` in short; every way to run something else is in `e2e/test/process.test.ts`. */
import assert from 'node:assert/strict';
import { spawn, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Run } from 'portal-test-kit';
import { ourHash, withFolder, write } from '../trees.js';
import { run } from './program.js';

const STAYS = "setInterval(() => {}, 1000); console.log('there');\n";
const TREE = {
  'app/package.json': '{ "type": "module", "main": "dist/main.js" }',
  'app/dist/main.js': `import './other.js';\n${STAYS}`,
  'app/dist/other.js': 'export const other = 1;\n',
  'app/dist/pre.cjs': 'globalThis.pre = 1;\n',
};

interface Started {
  readonly args?: readonly string[];
  readonly options?: SpawnOptions;
  readonly meanwhile?: (folder: string) => void;
}

/** Starts a process in a folder with the tree, and verifies it once it says that it is there. */
function verifyStarted(
  what: Started | ((folder: string) => Started),
): Promise<Run & { readonly pid: number }> {
  return withFolder(async (folder) => {
    write(folder, TREE);
    const started = typeof what === 'function' ? what(folder) : what;
    const expect = ourHash(join(folder, 'app'), ['./node_modules']);
    const { args = ['app/dist/main.js'] } = started;
    const child = spawn(process.execPath, args, {
      cwd: folder,
      stdio: ['pipe', 'pipe', 'ignore'],
      ...started.options,
    });
    try {
      assert.ok(child.stdout);
      const [said]: unknown[] = await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
      assert.match(String(said), /there/, 'the program ended before it was there');
      started.meanwhile?.(folder);
      const pid = child.pid ?? 0;
      const rest = ['--exclude', './node_modules', '--expect', expect];
      return { ...(await run(['verify', 'app', '--pid', String(pid), ...rest], { cwd: folder })), pid };
    } finally {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
  });
}

function assertVerdict(
  { exit, stdout, stderr, pid }: Run & { readonly pid: number },
  code: number,
  verdict: string,
  reason?: RegExp,
): void {
  assert.equal(exit, code, `${stdout}${stderr}`);
  assert.match(stdout, new RegExp(`^${verdict} +process ${pid}  `, 'm'));
  if (reason) assert.match(stdout, reason);
}

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
