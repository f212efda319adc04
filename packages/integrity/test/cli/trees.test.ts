import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, test } from 'node:test';
import { waitFor } from 'portal-test-kit';
import { ourHash, shellHash, withFolder, withTree } from '../trees.js';
import { PROGRAM, run } from './program.js';

const TREE = {
  'dist/main.js': 'main\n',
  'dist/lib/a.js': 'a\n',
  'dist/lib/b.js': 'b\n',
  'node_modules/x.js': 'x',
};
const EXCLUDE = ['--exclude', 'node_modules'];

describe('hash', () => {
  test('prints the hash and nothing else, so that a script can use it', () =>
    withTree(TREE, async (root) => {
      assert.deepEqual(await run(['hash', root, ...EXCLUDE]), {
        exit: 0,
        stdout: `${shellHash(root, ['node_modules'])}\n`,
        stderr: '',
      });
      assert.equal((await run(['hash'], { cwd: root })).stdout, `${shellHash(root)}\n`);
    }));

  test('--h1, --folders, --json, --exclude-from', () =>
    withTree(TREE, async (root) => {
      const hash = shellHash(root, ['node_modules']);
      const h1 = `h1:${Buffer.from(hash, 'hex').toString('base64')}`;
      assert.equal((await run(['hash', root, ...EXCLUDE, '--h1'])).stdout, `${h1}\n`);
      const folders = (await run(['hash', root, ...EXCLUDE, '--folders'])).stdout.trim().split('\n');
      assert.deepEqual(folders, [
        `${hash}  ./`,
        `${shellHash(join(root, 'dist'))}  ./dist`,
        `${shellHash(join(root, 'dist/lib'))}  ./dist/lib`,
      ]);
      const list = '# what is not ours\n\nnode_modules\n';
      const json = await run(['hash', root, '--exclude-from', '-', '--json'], { input: list });
      const { source_hash: sourceHash, files, exclude } = JSON.parse(json.stdout);
      assert.deepEqual([sourceHash, files, exclude], [hash, 3, ['node_modules']]);
    }));

  test('refused entries are named and have a bit of their own', () =>
    withTree(TREE, async (root) => {
      symlinkSync('main.js', join(root, 'dist/link'));
      const { exit, stdout, stderr } = await run(['hash', root]);
      assert.deepEqual(
        [exit, stdout, stderr],
        [
          64,
          '',
          'E_SYMLINK dist/link is a symbolic link (to main.js); exclude ./dist/link, or have it signed (sign --links)\n',
        ],
      );
      const missing = await run(['hash', join(root, 'absent')]);
      assert.deepEqual([missing.exit, missing.stderr], [32, 'E_READ . cannot be read (ENOENT)\n']);
    }));
});

describe('manifest', () => {
  test('is what sha256sum checks, and its own SHA-256 is the hash', () =>
    withTree(TREE, (root) =>
      withFolder(async (folder) => {
        const { stdout } = await run(['manifest', root, ...EXCLUDE]);
        execFileSync('sha256sum', ['--quiet', '--strict', '-c', '-'], { cwd: root, input: stdout });
        const file = join(folder, 'source.sha256');
        assert.equal((await run(['manifest', root, ...EXCLUDE, '--out', file])).stdout, '');
        assert.equal(readFileSync(file, 'utf8'), stdout);
        const sum = execFileSync('sha256sum', [file]).toString().slice(0, 64);
        assert.equal(sum, shellHash(root, ['node_modules']));
      }),
    ));

  test('is not written into the tree that it describes, unless the scope leaves it out', () =>
    withTree(TREE, async (root) => {
      const inside = await run(['manifest', '.', '--out', 'source.sha256'], { cwd: root });
      assert.equal(inside.exit, 128);
      assert.match(inside.stderr, /^Expected --out to lie outside of the tree, or to be excluded from it\./);
      assert.equal(existsSync(join(root, 'source.sha256')), false);
      const excluded = ['manifest', '.', '--exclude', 'source.sha256', '--out', 'source.sha256'];
      assert.equal((await run(excluded, { cwd: root })).exit, 0);
    }));

  test('a reader that has seen enough is no error', () =>
    withTree(Object.fromEntries(Array.from({ length: 3_000 }, (_, index) => [`f${index}`, 'x'])), (root) => {
      const script = 'node "$0" manifest "$1" | head -n 1; exit "${PIPESTATUS[0]}"';
      const line = execFileSync('bash', ['-c', script, PROGRAM, root], { stdio: ['ignore', 'pipe', 'pipe'] });
      assert.match(line.toString(), /^[0-9a-f]{64} {2}f0\n$/);
    }));
});

describe('diff', () => {
  test('tells what became of what, of folders and manifests, and by bits', () =>
    withTree({ a: '1', b: '2', 'c/x': '3', 'c/y': '4' }, (before) =>
      withTree({ b: '2\r\n', d: '1', 'e/x': '3', 'e/y': '4', f: '9' }, async (after) => {
        const { exit, stdout } = await run(['diff', before, after]);
        assert.equal(exit, 1 | 2 | 4);
        assert.equal(
          stdout,
          [
            '  modified  b  only line ends (CRLF for LF) and a final newline',
            '  renamed   d  was a',
            '  renamed   e/  was c/ (2 files)',
            '  added     f',
            '',
          ].join('\n'),
        );
        const manifest = (await run(['manifest', before])).stdout;
        assert.equal((await run(['diff', '-', after], { input: manifest })).stdout, stdout);
        const json = JSON.parse((await run(['diff', before, after, '--json'])).stdout);
        assert.deepEqual([json.added, json.removed, json.modified], [4, 3, 1]);
        assert.equal((await run(['diff', before, before])).exit, 0);
      }),
    ));

  test('a manifest that is none', () =>
    withTree({ a: '1', list: 'not a manifest' }, async (root) => {
      const { exit, stderr } = await run(['diff', join(root, 'list'), root]);
      assert.equal(exit, 32);
      assert.match(stderr, /is not a manifest: lines of sha256sum, sorted by the bytes of the path\.\n$/);
    }));
});

describe('keygen', () => {
  test('makes a private key that only its owner may read, and never overwrites', () =>
    withFolder(async (folder) => {
      const made = await run(['keygen', 'release'], { cwd: folder });
      assert.match(made.stdout, /^release\.pub {2}key [0-9a-f]{64}\n$/);
      assert.equal(statSync(join(folder, 'release.key')).mode & 0o777, 0o600);
      const key = readFileSync(join(folder, 'release.key'), 'utf8');
      assert.ok(!made.stdout.includes(key.split('\n')[1] ?? ''));
      const again = await run(['keygen', 'release'], { cwd: folder });
      assert.deepEqual([again.exit, again.stderr], [32, 'release.key cannot be made (EEXIST).\n']);
      assert.equal(readFileSync(join(folder, 'release.key'), 'utf8'), key);
    }));
});

describe('watch', () => {
  test('prints the hash, then what changes, and exits by how the tree differs from the start', () =>
    withTree(TREE, async (root) => {
      const child = spawn(process.execPath, [PROGRAM, 'watch', root, ...EXCLUDE, '--interval-ms', '200'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      try {
        let output = '';
        child.stdout.on('data', (chunk: Buffer) => void (output += chunk.toString()));
        await waitFor('the hash', () => output.includes(ourHash(root, ['node_modules'])), {
          timeoutMs: 15_000,
        });
        writeFileSync(join(root, 'dist/evil.js'), 'x');
        await waitFor('the change', () => output.includes('  added     dist/evil.js'), { timeoutMs: 15_000 });
        const ended = once(child, 'exit');
        child.kill('SIGINT');
        const [code]: unknown[] = await ended;
        assert.equal(code, 1);
      } finally {
        child.kill('SIGKILL');
      }
    }));

  test('an interrupt in the middle of the first hash ends it', () =>
    withTree(TREE, async (root) => {
      const child = spawn(process.execPath, [PROGRAM, 'watch', root], { stdio: 'ignore' });
      const ended = once(child, 'exit');
      await sleep(150);
      child.kill('SIGTERM');
      await ended;
    }));
});

describe('the command line itself', () => {
  const bad: readonly [readonly string[], RegExp][] = [
    [[], /^Expected a command, got ""\. portal-integrity --help lists them\.\n$/],
    [['hsah'], /^Expected a command, got "hsah"\./],
    [['hash', '--h2'], /^Unknown option '--h2'.* portal-integrity hash --help tells more\.\n$/s],
    [['hash', 'a', 'b'], /^Expected one DIR at most\./],
    [['hash', '--exclude', '*.js'], /^Expected the `exclude` option to hold no wildcard/],
    [['manifest'], /^Expected exactly one DIR\./],
    [['diff', 'a'], /^Expected exactly two trees, A and B\./],
    [['verify'], /^Expected a DIR, a URL or --pid\./],
    [['verify', '.'], /^Expected --statement, --manifest or --expect\./],
    [['verify', '.', '--expect', 'x'], /^Expected --expect to be 64 lower-case hexadecimal digits\./],
    [['verify', '.', '--statement', 'x', '--exclude', 'y'], /^Expected no --exclude with --statement/],
    [['sign', '.'], /^Expected --key, --release and --sequence\./],
  ];
  for (const [args, sentence] of bad) {
    test(`portal-integrity ${args.join(' ')}`, async () => {
      const { exit, stdout, stderr } = await run(args);
      assert.deepEqual([exit, stdout], [128, '']);
      assert.match(stderr, sentence);
    });
  }

  test('--version tells the name and the release', async () => {
    const { exit, stdout } = await run(['--version']);
    assert.equal(exit, 0);
    assert.match(stdout, /^portal-integrity \d+\.\d+\.\d+\n$/);
  });

  test('--help tells every command and every bit; after a command, its options', async () => {
    const help = await run(['--help']);
    assert.equal(help.exit, 0);
    for (const name of ['hash', 'manifest', 'keygen', 'sign', 'verify', 'diff', 'watch', 'loaded']) {
      assert.match(help.stdout, new RegExp(`^  ${name} `, 'm'));
      const own = await run([name, '--help']);
      assert.deepEqual([own.exit, own.stderr], [0, '']);
      assert.match(own.stdout, new RegExp(`^portal-integrity ${name} .*--json`, 's'));
    }
    for (const bit of [1, 2, 4, 8, 16, 32, 64, 128])
      assert.match(help.stdout, new RegExp(`\\b${bit} +[a-z]`));
  });
});
