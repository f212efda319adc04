import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Run, waitFor } from 'portal-test-kit';
import { SCRATCH_FOLDER } from 'portal-test-kit/paths';
import { ourHash, withFolder, write } from '../trees.js';
import { run } from './program.js';

const TREE = {
  'dist/main.mjs': 'export default "main";\n',
  'dist/lib/a.mjs': 'export default "a";\n',
  'dist/lib/b.mjs': 'export default "b";\n',
  'node_modules/x.js': 'not ours\n',
};

/** A release as it is published, and installed beside: `app` is the tree, the rest lies outside of it. */
let release = '';

before(async () => {
  release = mkdtempSync(join(SCRATCH_FOLDER, 'portal-release-'));
  write(join(release, 'app'), TREE);
  const scope = ['--exclude', 'node_modules'];
  const steps = [
    ['keygen', 'release'],
    ['manifest', 'app', ...scope, '--out', 'source.sha256'],
    ['sign', 'app', ...scope, '--key', 'release.key', '--release', '1.4.0', '--sequence', '7'],
  ];
  for (const step of steps) {
    const { exit, stderr } = await run(step, { cwd: release });
    assert.equal(exit, 0, stderr);
  }
});

after(() => rmSync(release, { recursive: true, force: true }));

/** A copy of it, to do with as one likes. */
function withRelease(work: (folder: string) => Promise<void>): Promise<void> {
  return withFolder((folder) => {
    cpSync(release, folder, { recursive: true });
    return work(folder);
  });
}

const SIGNED = ['--statement', 'source.intoto.jsonl', '--key', 'release.pub'];
const PRINTED = [...SIGNED, '--manifest', 'source.sha256'];

describe('verify, a folder', () => {
  test('as it was signed, by name of the release', () =>
    withRelease(async (folder) => {
      const { exit, stdout, stderr } = await run(['verify', 'app', ...PRINTED], { cwd: folder });
      assert.deepEqual(
        [exit, stdout, stderr],
        [0, 'verified  app  release 1.4.0, sequence 7, 3 files\n', ''],
      );
      // What the scope leaves out may change.
      write(folder, { 'app/node_modules/y.js': 'more' });
      assert.equal((await run(['verify', 'app', ...SIGNED], { cwd: folder })).exit, 0);
    }));

  test('a node_modules planted nearer to the code is never as signed, though names were left out', () =>
    withRelease(async (folder) => {
      write(folder, { 'app/dist/node_modules/dep/index.mjs': 'export default "EVIL";\n' });
      const { exit, stderr } = await run(['verify', 'app', ...PRINTED], { cwd: folder });
      assert.equal(exit, 64);
      assert.match(stderr, /^E_NESTED dist\/node_modules takes over the imports of the code beside it/);
    }));

  test('what is left out may lie only where it lay when that was signed', () =>
    withRelease(async (folder) => {
      const scope = ['./node_modules', './dist/node_modules', './log', 'test'].flatMap((place) => [
        '--exclude',
        place,
      ]);
      write(folder, { 'app/dist/test/a.js': 'test' });
      const signed = [...scope, '--key', 'release.key', '--release', '1', '--sequence', '8'];
      for (const step of [
        ['manifest', 'app', ...scope, '--out', 'source.sha256'],
        ['sign', 'app', ...signed],
      ]) {
        assert.equal((await run(step, { cwd: folder })).exit, 0);
      }
      // Places that were named, or held such a thing before.
      write(folder, {
        'app/log/today': 'x',
        'app/test/a.js': 'x',
        'app/dist/test/node_modules/dep/i.js': 'x',
      });
      assert.equal((await run(['verify', 'app', ...SIGNED], { cwd: folder })).exit, 0);
      write(folder, { 'app/dist/node_modules/dep/i.js': 'EVIL', 'app/dist/lib/test/a.js': 'EVIL' });
      const { exit, stdout, stderr } = await run(['verify', 'app', ...SIGNED], { cwd: folder });
      assert.equal(exit, 1, stderr);
      assert.match(stdout, /^differs /);
      assert.match(stdout, /^ {2}added {5}dist\/lib\/test {2}\(out of scope\)$/m);
      assert.match(stdout, /^ {2}added {5}dist\/node_modules {2}\(out of scope\)$/m);
      assert.match(stderr, /^E_LEFT_OUT dist\/node_modules is left out of the hash and was added since: /m);
      rmSync(join(folder, 'app/node_modules'), { recursive: true });
      rmSync(join(folder, 'app/dist/lib/test'), { recursive: true });
      rmSync(join(folder, 'app/dist/node_modules'), { recursive: true });
      assert.equal((await run(['verify', 'app', ...SIGNED], { cwd: folder })).exit, 0, 'fewer are no risk');
    }));

  test('a manifest that nobody signed is unsigned in word and exit code, and a root may be a link', () =>
    withRelease(async (folder) => {
      symlinkSync('app', join(folder, 'current'));
      const scope = ['--exclude', './node_modules'];
      const { exit, stdout } = await run(['verify', 'current', '--manifest', 'source.sha256', ...scope], {
        cwd: folder,
      });
      assert.deepEqual([exit, stdout], [16, 'unsigned  current  3 files\n']);
    }));

  test('what cannot be written, or makes no sense, is one sentence', () =>
    withRelease(async (folder) => {
      const sign = [
        'sign',
        'app',
        '--exclude',
        'node_modules',
        '--key',
        'release.key',
        '--release',
        '1',
        '--sequence',
        '1',
      ];
      for (const [args, code, sentence] of [
        [[...sign, '--out', '/nonexistent/s'], 32, '/nonexistent/s cannot be written (ENOENT).'],
        [
          ['manifest', 'app', '--exclude', 'node_modules', '--out', '/nonexistent/m'],
          32,
          '/nonexistent/m cannot be written (ENOENT).',
        ],
        [
          [...sign, '--expires-in-days', '0'],
          128,
          'Expected --expires-in-days to be a whole number from 1 to 36500',
        ],
        [
          [...sign, '--expires-in-days', '99999999999'],
          128,
          'Expected --expires-in-days to be a whole number from 1 to 36500',
        ],
        [[...sign, '--out', 'app/source.intoto.jsonl'], 128, 'Expected --out to lie outside of the tree'],
      ] as const) {
        const { exit, stderr } = await run(args, { cwd: folder });
        assert.equal(exit, code, stderr);
        assert.ok(stderr.includes(sentence), stderr);
        assert.ok(!stderr.includes('    at '), stderr);
      }
    }));

  test('what differs, by name with the manifest, by hash without', () =>
    withRelease(async (folder) => {
      write(folder, { 'app/dist/main.mjs': 'export default "main";\r\n' });
      const told = await run(['verify', 'app', ...PRINTED], { cwd: folder });
      assert.equal(told.exit, 4);
      assert.equal(
        told.stdout,
        'differs   app  release 1.4.0, sequence 7, 3 files\n  modified  dist/main.mjs  only line ends (CRLF for LF)\n',
      );
      const bare = await run(['verify', 'app', ...SIGNED], { cwd: folder });
      assert.equal(bare.exit, 4);
      assert.match(bare.stdout, /^ {2}hash {6}[0-9a-f]{64}, expected [0-9a-f]{64}; --manifest tells which/m);
    }));

  test('a refused entry has its bit beside those of what could be read', () =>
    withRelease(async (folder) => {
      rmSync(join(folder, 'app/dist/lib/b.mjs'));
      symlinkSync('a.mjs', join(folder, 'app/dist/lib/b.mjs'));
      write(folder, { 'app/dist/evil.mjs': 'x' });
      const { exit, stdout, stderr } = await run(['verify', 'app', ...PRINTED], { cwd: folder });
      assert.equal(exit, 64 | 1);
      assert.match(stdout, /added {5}dist\/evil\.mjs/);
      assert.equal(
        stderr,
        'E_SYMLINK dist/lib/b.mjs is a symbolic link (to a.mjs); exclude ./dist/lib/b.mjs, or have it signed (sign --links)\n',
      );
    }));

  test('a root that is not there is inconclusive, and nothing is called removed', () =>
    withRelease(async (folder) => {
      const { exit, stdout } = await run(['verify', 'absent', ...PRINTED], { cwd: folder });
      assert.equal(exit, 32);
      assert.equal(stdout, 'open      absent  release 1.4.0, sequence 7, 0 files\n');
    }));

  test('unsigned is never success, unless the hash was given by hand', () =>
    withRelease(async (folder) => {
      const unsigned = await run(
        ['verify', 'app', '--manifest', 'source.sha256', '--exclude', 'node_modules'],
        {
          cwd: folder,
        },
      );
      assert.equal(unsigned.exit, 16);
      assert.equal(unsigned.stderr, 'The manifest is not signed: anyone could have written it.\n');
      const hash = ourHash(join(folder, 'app'), ['node_modules']);
      const byHand = ['verify', 'app', '--expect', hash, '--exclude', 'node_modules'];
      assert.equal((await run(byHand, { cwd: folder })).exit, 0);
    }));

  test('a manifest that is not the signed one', () =>
    withRelease(async (folder) => {
      writeFileSync(join(folder, 'other.sha256'), `${'0'.repeat(64)}  dist/main.mjs\n`);
      const { exit, stderr } = await run(['verify', 'app', ...SIGNED, '--manifest', 'other.sha256'], {
        cwd: folder,
      });
      assert.deepEqual(
        [exit, stderr],
        [16, 'The statement was signed for another manifest than the given one (E_MANIFEST).\n'],
      );
    }));

  test('--remember keeps the highest sequence, and refuses what is older from then on', () =>
    withRelease(async (folder) => {
      const remember = [...SIGNED, '--remember', 'seen'];
      renameSync(join(folder, 'source.intoto.jsonl'), join(folder, 'seven.jsonl'));
      const newer = [
        'sign',
        'app',
        '--exclude',
        'node_modules',
        '--key',
        'release.key',
        '--release',
        '1.5.0',
        '--sequence',
        '8',
      ];
      await run(newer, { cwd: folder });
      assert.equal((await run(['verify', 'app', ...remember], { cwd: folder })).exit, 0);
      assert.equal(readFileSync(join(folder, 'seen'), 'utf8'), '8\n');
      renameSync(join(folder, 'seven.jsonl'), join(folder, 'source.intoto.jsonl'));
      const { exit, stderr } = await run(['verify', 'app', ...remember], { cwd: folder });
      assert.equal(exit, 16);
      assert.match(
        stderr,
        /its sequence is lower \(E_SEQUENCE\)\. Sequence 8 was accepted here; to roll back on purpose, accept 7 by name\.\n$/,
      );
    }));

  test('sign refuses a tree that is no longer what its manifest says, and names the file', () =>
    withRelease(async (folder) => {
      write(folder, { 'app/dist/late.mjs': 'x' });
      rmSync(join(folder, 'source.intoto.jsonl'));
      const { exit, stdout, stderr } = await run(
        [
          'sign',
          'app',
          '--exclude',
          'node_modules',
          '--key',
          'release.key',
          '--release',
          '1',
          '--sequence',
          '1',
        ],
        { cwd: folder },
      );
      assert.deepEqual(
        [exit, stdout, stderr],
        [1, '  added     dist/late.mjs\n', 'Not signed: the tree is no longer what the manifest says.\n'],
      );
    }));
});

/** An application that runs from `folder/app`; see watched-app.ts. */
async function withApp(
  folder: string,
  meanwhile: () => void,
  work: (url: string) => Promise<void>,
): Promise<void> {
  const app = fork(new URL('./watched-app.js', import.meta.url), [join(folder, 'app')]);
  try {
    for (const load of ['dist/main.mjs', 'dist/lib/a.mjs']) {
      app.send({ load });
      await once(app, 'message');
    }
    meanwhile();
    app.send({ start: true });
    const [url]: unknown[] = await once(app, 'message');
    await work(String(url));
  } finally {
    const ended = once(app, 'exit');
    app.kill('SIGKILL');
    await ended;
  }
}

describe('verify, a running service and the folder it runs from', () => {
  const changes = [
    [
      1,
      (app: string) => write(app, { 'dist/evil.mjs': 'x' }),
      (app: string) => rmSync(join(app, 'dist/evil.mjs')),
    ],
    [2, (app: string) => rmSync(join(app, 'dist/lib/b.mjs')), (app: string) => write(app, TREE)],
    [4, (app: string) => write(app, { 'dist/lib/a.mjs': 'evil' }), (app: string) => write(app, TREE)],
  ] as const;

  for (const memory of [0, 8]) {
    test(`every mix of added, removed and modified has its bits, memory ${memory === 0 ? 'clean' : 'changed'}`, () =>
      withRelease(async (folder) => {
        const app = join(folder, 'app');
        const cookieFile = join(folder, 'cookie');
        writeFileSync(cookieFile, 'secret\n');
        if (memory !== 0) write(app, { 'dist/main.mjs': 'export default "evil";\n' });
        // Put back before the service hashes itself: only its memory tells.
        await withApp(
          folder,
          () => write(app, TREE),
          async (url) => {
            const verify = (...args: readonly string[]): Promise<Run> =>
              run(['verify', ...args, ...PRINTED, '--cookie-file', cookieFile], { cwd: folder });
            for (let mix = 0; mix < 8; mix += 1) {
              for (const [bit, change] of changes) if ((mix & bit) !== 0) change(app);
              await seenBy(url, ourHash(app, ['node_modules']));
              const both = await verify('app', url);
              assert.equal(both.exit, mix | memory, `${both.stdout}${both.stderr}`);
              if (memory === 0) assert.equal((await verify(url)).exit, mix, 'the service alone');
              else assert.match(both.stdout, /^ {2}in memory dist\/main\.mjs {2}is not the file$/m);
              for (const [bit, , undo] of changes) if ((mix & bit) !== 0) undo(app);
            }
          },
        );
      }));
  }

  test('what cannot be asked is inconclusive, and says why', () =>
    withRelease(async (folder) => {
      await withApp(
        folder,
        () => undefined,
        async (url) => {
          const verify = (target: string, session: string): Promise<Run> =>
            run(['verify', target, ...SIGNED], {
              cwd: folder,
              env: session === '' ? {} : { PSESSION: session },
            });
          assert.equal((await verify(url, 'psession=secret')).exit, 0);
          const anonymous = await verify(url, '');
          assert.equal(anonymous.exit, 32);
          assert.equal(
            anonymous.stderr,
            `${url}/v1/admin/integrity answers 401: it needs an administrator’s session.\n`,
          );
          assert.match((await verify(url, 'wrong')).stderr, /answers 403/);
          const closed = await verify('http://127.0.0.1:9', 'secret');
          assert.equal(closed.exit, 32);
          assert.match(
            closed.stderr,
            /^http:\/\/127\.0\.0\.1:9\/v1\/admin\/integrity cannot be reached \(.+\)\.\n$/,
          );
        },
      );
    }));

  test('loaded lists what is in memory, and what of it is not the file', () =>
    withRelease(async (folder) => {
      const app = join(folder, 'app');
      write(app, { 'dist/main.mjs': 'export default "evil";\n' });
      await withApp(
        folder,
        () => write(app, TREE),
        async (url) => {
          const env = { PSESSION: 'secret' };
          const { exit, stdout } = await run(['loaded', url], { env });
          assert.equal(exit, 8);
          assert.match(
            stdout,
            /^different dist\/main\.mjs\n2 scripts of the source, \d+ from outside of it, \d+ made from text\noutside {3}/,
          );
          const json = JSON.parse((await run(['loaded', url, '--json'], { env })).stdout);
          assert.deepEqual(json.different, ['dist/main.mjs']);
        },
      );
    }));
});

/** Waits until the service has seen the disk as it is now. */
async function seenBy(url: string, hash: string): Promise<void> {
  await waitFor(
    'the service to see its disk',
    async () => {
      const response = await fetch(`${url}/v1/admin/integrity`, { headers: { Cookie: 'psession=secret' } });
      const state: unknown = await response.json();
      return JSON.stringify(state).includes(`"disk":{"source_hash":"${hash}"`);
    },
    { timeoutMs: 15_000 },
  );
}
