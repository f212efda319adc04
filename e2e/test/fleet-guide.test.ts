/** "From one app to a fleet in ten minutes" of docs/fleet.md, run as it is written there. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { waitFor } from 'portal-test-kit';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const PATIENCE = { timeoutMs: 180_000, everyMs: 100 };

let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portal-guide-'));
});

after(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));

/** The code of the section: files by their names, and what is typed. */
async function readGuide(): Promise<{
  readonly files: ReadonlyMap<string, string>;
  readonly script: string;
}> {
  const guide = await readFile(join(ROOT, 'docs/fleet.md'), 'utf8');
  const [, section = assert.fail('The section is not there.')] =
    /^## From one app to a fleet in ten minutes\n([^]*?)^## /m.exec(guide) ?? [];
  const files = new Map<string, string>();
  const typed: string[] = [];
  for (const [, language, code = ''] of section.matchAll(/^```(\w+)\n([^]*?)^```$/gm)) {
    const name = /^(?:\/\/|#) (\S+\.\w+)$/m.exec(code)?.[1];
    if (language === 'sh') typed.push(code);
    else files.set(name ?? assert.fail(code), code);
  }
  return { files, script: typed.join('\n') };
}

/** What a newcomer has: `portal-health` installed, and `portal-server` on the path. */
async function install(): Promise<string> {
  const bin = join(folder, 'bin');
  await mkdir(join(folder, 'node_modules'));
  await mkdir(bin);
  await symlink(join(ROOT, 'packages/health'), join(folder, 'node_modules/portal-health'));
  const main = join(ROOT, 'packages/server/dist/src/main.js');
  await writeFile(join(bin, 'portal-server'), `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`, {
    mode: 0o755,
  });
  return bin;
}

test('the guide does what it says, block by block', async () => {
  const bin = await install();
  const { files, script } = await readGuide();
  assert.deepEqual([...files.keys()], ['app.mjs', 'fleet.yaml']);
  for (const [name, text] of files) await writeFile(join(folder, name), text);
  // In a group of its own, so that all that it starts is ended with it.
  const shell = spawn('bash', ['-euc', `${script}\necho 'THE END'; wait`], {
    cwd: folder,
    detached: true,
    env: { PATH: `${bin}:${process.env['PATH']}`, HOME: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  shell.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
  shell.stderr.setEncoding('utf8').on('data', (text: string) => (printed += text));
  const ended = once(shell, 'close');
  try {
    await waitFor(
      'the end of the guide',
      () => printed.includes('THE END') || shell.exitCode !== null,
      PATIENCE,
    ).catch(() => assert.fail(printed));
    assert.match(printed, /THE END/);
    assert.match(printed, /^# says healthy/m, 'the stanza of the probe');
    assert.match(printed, /^open +http\S+#code=/m, 'the link');
    assert.match(printed, /"name":"hello","status":"degraded".*INSTANCE_REFUSED/);
  } finally {
    if (shell.pid !== undefined) process.kill(-shell.pid, 'SIGTERM');
    await ended;
  }
});
