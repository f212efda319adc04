/** A process in a folder with a small tree, and what `portal-integrity verify --pid` says of it. */
import assert from 'node:assert/strict';
import { spawn, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Run } from 'portal-test-kit';
import { ourHash, withFolder, write } from '../trees.js';
import { run } from './program.js';

export const STAYS = "setInterval(() => {}, 1000); console.log('there');\n";
export const TREE = {
  'app/package.json': '{ "type": "module", "main": "dist/main.js" }',
  'app/dist/main.js': `import './other.js';\n${STAYS}`,
  'app/dist/other.js': 'export const other = 1;\n',
  'app/dist/pre.cjs': 'globalThis.pre = 1;\n',
};

export interface Started {
  readonly args?: readonly string[];
  readonly options?: SpawnOptions;
  readonly program?: string;
  readonly meanwhile?: (folder: string) => void;
  readonly verify?: readonly string[];
  /** As the process calls it; default `app`. */
  readonly folder?: string;
}

/** Starts a process in a folder with the tree, and verifies it once it says that it is there. */
export function verifyStarted(
  what: Started | ((folder: string) => Started),
): Promise<Run & { readonly pid: number }> {
  return withFolder(async (folder) => {
    write(folder, TREE);
    const started = typeof what === 'function' ? what(folder) : what;
    const expect = ourHash(join(folder, 'app'), ['./node_modules']);
    const { program = process.execPath, args = ['app/dist/main.js'] } = started;
    const child = spawn(program, args, {
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
      const rest = ['--exclude', './node_modules', '--expect', expect, ...(started.verify ?? [])];
      return {
        ...(await run(['verify', started.folder ?? 'app', '--pid', String(pid), ...rest], { cwd: folder })),
        pid,
      };
    } finally {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
  });
}

/** What `verify --pid` said of the process: exit code, word, and why. */
export function assertVerdict(
  { exit, stdout, stderr, pid }: Run & { readonly pid: number },
  code: number,
  verdict: string,
  reason?: RegExp,
): void {
  assert.equal(exit, code, `${stdout}${stderr}`);
  assert.match(stdout, new RegExp(`^${verdict} +process ${pid}  `, 'm'));
  if (reason) assert.match(stdout, reason);
}
