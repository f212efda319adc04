import assert from 'node:assert/strict';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { createFileReader } from '../../src/scan/digest.js';
import { hashTree } from '../../src/scan/hash-tree.js';
import { createFileIndex } from '../../src/scan/file-index.js';
import { SourceError } from '../../src/scan/scan-error.js';
import { createScope } from '../../src/scan/scope.js';
import { scanErrorsOf, withFolder, withTree } from '../trees.js';

describe('what cannot be hashed is named, and refuses the whole tree', () => {
  test('links to files, to folders, to nothing and to themselves', () =>
    withTree({ 'a/file': 'x' }, (root) => {
      symlinkSync('a/file', join(root, 'to-file'));
      symlinkSync('a', join(root, 'to-folder'));
      symlinkSync('nowhere', join(root, 'a/to-nothing'));
      symlinkSync('loop', join(root, 'loop'));
      assert.deepEqual(scanErrorsOf(root), [
        'E_SYMLINK a/to-nothing',
        'E_SYMLINK loop',
        'E_SYMLINK to-file',
        'E_SYMLINK to-folder',
      ]);
    }));

  test('a fifo and a socket, without waiting for either', () =>
    withTree({ file: 'x' }, async (root) => {
      execFileSync('mkfifo', [join(root, 'fifo')]);
      const server = createServer().listen(join(root, 'socket'));
      await once(server, 'listening');
      try {
        assert.deepEqual(scanErrorsOf(root), ['E_SPECIAL fifo', 'E_SPECIAL socket']);
      } finally {
        server.close();
      }
    }));

  test('a file that became a link or a fifo after it was listed', () =>
    withTree({ target: 'x' }, (root) => {
      symlinkSync('target', join(root, 'link'));
      execFileSync('mkfifo', [join(root, 'fifo')]);
      const read = createFileReader();
      assert.deepEqual(read(join(root, 'link')), { code: 'E_SYMLINK', cause: '' });
      assert.deepEqual(read(join(root, 'fifo')), { code: 'E_SPECIAL', cause: '' });
      assert.equal(read(join(root, 'absent')), 'gone');
    }));

  test('names that a manifest cannot carry', () =>
    withTree({ fine: 'x' }, (root) => {
      const names: readonly (string | Buffer)[] = [
        'new\nline',
        'tab\t',
        'return\r',
        'delete\u{7f}',
        'back\\slash',
        '-',
        Buffer.from([0x62, 0x61, 0x64, 0xff]),
        Buffer.from([0xed, 0xa0, 0x80]),
      ];
      for (const name of names)
        writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from(name)]), 'x');
      mkdirSync(join(root, 'folder\n'));
      const refusals = hashTree(createScope(root)).scanErrors;
      assert.equal(refusals.length, names.length + 1);
      assert.ok(refusals.every(({ code }) => code === 'E_NAME'));
      // What a terminal gets to see of them is harmless.
      assert.match(new SourceError(refusals).message, /^E_NAME [ -~]+ has a name that [ -~]+, and 8 more$/);
    }));

  test('no file at all', () =>
    withFolder((root) => {
      mkdirSync(join(root, 'only/folders'), { recursive: true });
      assert.deepEqual(scanErrorsOf(root), ['E_EMPTY .']);
    }));

  test('a root that is missing, is a file, or vanishes', () =>
    withTree({ file: 'x', 'tree/a': 'x' }, (root) => {
      const refusal = (path: string) => hashTree(createScope(join(root, path))).scanErrors;
      assert.deepEqual(refusal('absent'), [{ code: 'E_READ', path: '.', cause: 'ENOENT' }]);
      assert.deepEqual(refusal('file'), [{ code: 'E_READ', path: '.', cause: 'ENOTDIR' }]);
      const fileIndex = createFileIndex(createScope(join(root, 'tree')));
      fileIndex.scan();
      rmSync(join(root, 'tree'), { recursive: true });
      assert.throws(() => fileIndex.scan(), /^SourceError: E_READ \. cannot be read \(ENOENT\)$/);
    }));

  test('files and folders that this user may not read, all of them at once', () =>
    withTree({ secret: 'x', 'closed/file': 'x', open: 'x' }, async (root) => {
      chmodSync(root, 0o755);
      chmodSync(join(root, 'secret'), 0o000);
      chmodSync(join(root, 'closed'), 0o000);
      // Root may read everything, so without that privilege it has to try. Not as somebody else, to whom the folder that
      // this project lies in may be closed.
      const module = new URL('../../src/scan/hash-tree.js', import.meta.url).href;
      const script = `import { hashTree } from ${JSON.stringify(module)};
        process.stdout.write(JSON.stringify(hashTree({ root: ${JSON.stringify(root)}, exclude: [] }).scanErrors));`;
      const unprivileged =
        process.getuid?.() === 0 ? ['setpriv', '--bounding-set=-dac_override,-dac_read_search'] : [];
      const [program, ...args] = [...unprivileged, process.execPath, '--input-type=module', '-e', script];
      const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      assert.deepEqual(JSON.parse(await outputOf(child)), [
        { code: 'E_READ', path: 'closed', cause: 'EACCES' },
        { code: 'E_READ', path: 'secret', cause: 'EACCES' },
      ]);
      chmodSync(join(root, 'closed'), 0o755);
    }));

  test('a refusal stays a refusal however often one looks, and goes with its cause', () =>
    withTree({ file: 'x' }, (root) => {
      const fileIndex = createFileIndex(createScope(root));
      const before = fileIndex.scan();
      symlinkSync('file', join(root, 'link'));
      for (let look = 0; look < 3; look += 1) assert.throws(() => fileIndex.scan(), /E_SYMLINK link/);
      rmSync(join(root, 'link'));
      assert.equal(fileIndex.scan().hash, before.hash);
    }));
});

describe('a tree that moves while it is read', () => {
  test('1,000 tries to read a file under write yield its digest of some moment, or E_UNSTABLE; never a torn one', () =>
    withFolder(async (root) => {
      const file = join(root, 'file');
      writeFileSync(file, 'a'.repeat(PAGES * PAGE_BYTES));
      const writer = spawnWriter(file);
      try {
        await once(writer, 'message');
        // Each reading is up to three tries, most of which is waiting: a few readers at once are no less of a test.
        const readings: string[] = [];
        const unstable = (): number => readings.filter((reading) => reading === 'E_UNSTABLE').length;
        // A writer that waits for a processor writes seldom; then it takes more readings to meet it.
        for (let round = 0; round < 12 && (round < 6 || unstable() <= 10); round += 1) {
          readings.push(...(await readInThreads(file)));
        }
        const moments = digestsOfMoments();
        assert.deepEqual(
          readings.filter((reading) => reading !== 'E_UNSTABLE' && !moments.has(reading)),
          [],
        );
        assert.ok(unstable() > 10, `only ${unstable()} readings met a write: the test does not test`);
      } finally {
        await end(writer);
      }
    }));

  test('a folder in which files come and go is named, within bounded time', () =>
    withTree({ 'busy/file': 'x', 'still/file': 'x' }, async (root) => {
      const writer = spawnNode(
        `const { writeFileSync, rmSync } = require('node:fs');
         process.send('ready');
         for (let n = 0; ; n += 1) { writeFileSync(process.argv[1] + '/n' + n, 'x'); rmSync(process.argv[1] + '/n' + n); }`,
        join(root, 'busy'),
      );
      try {
        await once(writer, 'message');
        const refusals = new Set<string>();
        // A lucky look between two writes is possible, and right.
        for (let looks = 0; looks < 50 && refusals.size === 0; looks += 1) {
          for (const refusal of scanErrorsOf(root)) refusals.add(refusal);
        }
        assert.deepEqual([...refusals], ['E_UNSTABLE busy']);
      } finally {
        await end(writer);
      }
    }));
});

/** Six readers at once, of 10 readings each. */
async function readInThreads(file: string): Promise<string[]> {
  const threads = Array.from({ length: 6 }, async () => {
    const thread = new Worker(new URL('./reading-thread.js', import.meta.url), {
      workerData: { file, times: 10 },
    });
    const [readings]: string[][] = await once(thread, 'message');
    return readings ?? [];
  });
  return (await Promise.all(threads)).flat();
}

const PAGES = 64;
const PAGE_BYTES = 4_096;

/** Overwrites `file` in place, page by page, with all `b`, then all `a`, for ever. */
function spawnWriter(file: string): ChildProcess {
  return spawnNode(
    `const { openSync, writeSync } = require('node:fs');
     const descriptor = openSync(process.argv[1], 'r+');
     process.send('ready');
     for (let pass = 0; ; pass += 1) {
       const page = Buffer.alloc(${PAGE_BYTES}, pass % 2 === 0 ? 'b' : 'a');
       for (let index = 0; index < ${PAGES}; index += 1) writeSync(descriptor, page, 0, page.length, index * page.length);
     }`,
    file,
  );
}

/** What the file can be at any moment: new pages up to some page, old ones from there. All else is torn. */
function digestsOfMoments(): ReadonlySet<string> {
  const moments = new Set<string>();
  for (const [fresh, old] of ['ab', 'ba']) {
    for (let index = 0; index < PAGES; index += 1) {
      const content =
        (fresh ?? '').repeat(index * PAGE_BYTES) + (old ?? '').repeat((PAGES - index) * PAGE_BYTES);
      moments.add(createHash('sha256').update(content).digest('hex'));
    }
  }
  return moments;
}

function spawnNode(script: string, argument: string): ChildProcess {
  return spawn(process.execPath, ['-e', script, argument], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
}

async function end(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

async function outputOf(child: ChildProcess): Promise<string> {
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  await once(child, 'close');
  return output;
}
