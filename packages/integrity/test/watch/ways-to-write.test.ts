/**
 * Ways to change a file that go round its name, its stamps or the events of the system, each on a real file system, and what the
 * index of the files and the watch make of them.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { linkSync, readFileSync, renameSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { environmentWithPackages } from 'portal-test-kit';
import { createFileIndex } from '../../src/scan/file-index.js';
import { createScope } from '../../src/scan/scope.js';
import { shellHash, withFolder, withTree, write } from '../trees.js';

const TREE = { 'd/a.js': 'good a\n', 'd/b.js': 'good b\n' };

/** Writes each line of its input over the beginning of a file, through a mapping that is shared and dirty already. */
const MAPPING = `import mmap, sys
file = open(sys.argv[1], 'r+b'); page = mmap.mmap(file.fileno(), 0); page[0] = page[0]
print('mapped', flush=True)
for line in sys.stdin:
    text = line.encode(); page[:len(text)] = text
    print('written', flush=True)
`;

test('a write through a shared mapping, which need not move a stamp, is found when everything is read again', () =>
  withTree(TREE, async (root) => {
    const env = await environmentWithPackages('python3');
    const child = spawn('python3', ['-c', MAPPING, join(root, 'd/a.js')], {
      env,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit');
    try {
      await once(child.stdout, 'data');
      const index = createFileIndex(createScope(root));
      const { hash } = index.scan();
      const ctimeMs = statSync(join(root, 'd/a.js')).ctimeMs;
      child.stdin.write('EVIL a\n');
      await once(child.stdout, 'data');
      assert.equal(readFileSync(join(root, 'd/a.js'), 'utf8'), 'EVIL a\n');
      // Where the file system moves the stamp all the same, the scan finds it.
      if (statSync(join(root, 'd/a.js')).ctimeMs === ctimeMs) assert.equal(index.scan().hash, hash);
      while (!index.reread(1_000));
      const found = index.scan().hash;
      assert.notEqual(found, hash);
      assert.equal(found, shellHash(root));
    } finally {
      child.kill('SIGKILL');
      await ended;
    }
  }));

describe('the next scan finds', () => {
  const ways: Readonly<Record<string, (file: string, elsewhere: string) => void>> = {
    'a write through a hard link that lies outside of the tree': (file, elsewhere) => {
      linkSync(file, elsewhere);
      writeFileSync(elsewhere, 'EVIL a\n');
    },
    'another inode of the same size with the times of the old one': (file, elsewhere) => {
      const { atime, mtime } = statSync(file);
      writeFileSync(elsewhere, 'EVIL a\n');
      utimesSync(elsewhere, atime, mtime);
      renameSync(elsewhere, file);
    },
  };
  for (const [name, change] of Object.entries(ways)) {
    test(name, () =>
      withFolder((folder) => {
        const root = join(folder, 'app');
        write(root, TREE);
        const index = createFileIndex(createScope(root));
        const { hash } = index.scan();
        change(join(root, 'd/a.js'), join(folder, 'elsewhere'));
        const found = index.scan().hash;
        assert.notEqual(found, hash);
        assert.equal(found, shellHash(root));
      }),
    );
  }
});

/** In namespaces of its own, where it may mount, and where the system gives no watches. */
function withoutRights(script: string, ...args: readonly string[]): string {
  return execFileSync(OWN_SPACES[0], [...OWN_SPACES.slice(1), script, process.execPath, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 120_000,
  }).toString();
}

const OWN_SPACES = ['unshare', '--user', '--map-root-user', '--mount', 'sh', '-c'] as const;

test('a file mounted over another is hashed as it is seen; when the mount is gone, it is as it was, and nothing has moved', () =>
  withFolder((folder) => {
    write(join(folder, 'app'), TREE);
    writeFileSync(join(folder, 'evil.js'), 'EVIL a\n');
    const module = new URL('../../src/scan/file-index.js', import.meta.url).href;
    const script = `
      import { execFileSync } from 'node:child_process';
      import { createFileIndex } from ${JSON.stringify(module)};
      const index = createFileIndex({ root: ${JSON.stringify(join(folder, 'app'))}, exclude: [] });
      const hashes = [index.scan().hash];
      const file = ${JSON.stringify(join(folder, 'app/d/a.js'))};
      execFileSync('mount', ['--bind', ${JSON.stringify(join(folder, 'evil.js'))}, file]);
      hashes.push(index.scan().hash);
      execFileSync('umount', [file]);
      hashes.push(index.scan().hash);
      console.log(hashes.join(' '));`;
    const [before = '', mounted, after] = withoutRights('exec "$0" --input-type=module -e "$1"', script)
      .trim()
      .split(' ');
    assert.equal(before, shellHash(join(folder, 'app')));
    assert.notEqual(mounted, before);
    assert.equal(after, before);
  }));

test('where the system gives no events, that is told, and a change that is put back leaves its trace', () =>
  withTree(TREE, (root) => {
    const module = new URL('../../src/source.js', import.meta.url).href;
    const script = `
      import { setTimeout as sleep } from 'node:timers/promises';
      import { writeFileSync } from 'node:fs';
      import { watchSource } from ${JSON.stringify(module)};
      const source = watchSource({ root: ${JSON.stringify(root)}, scanIntervalMs: 1_000 });
      await source.start();
      const file = ${JSON.stringify(join(root, 'd/a.js'))};
      await sleep(100);
      writeFileSync(file, 'EVIL a\\n');
      writeFileSync(file, 'good a\\n');
      const untilMs = Date.now() + 60_000;
      while (Date.now() < untilMs && source.state().touched_at === null) await sleep(50);
      const { watching, touched_at, events } = source.state();
      console.log(JSON.stringify({ watching, told: touched_at !== null, paths: events.flatMap(({ touched }) => touched.map(({ path }) => path)) }));
      await source.close();`;
    const told: unknown = JSON.parse(
      withoutRights(
        'echo 0 > /proc/sys/user/max_inotify_watches && exec "$0" --input-type=module -e "$1"',
        script,
      ),
    );
    assert.deepEqual(told, { watching: 'scans', told: true, paths: ['d/a.js'] });
  }));
