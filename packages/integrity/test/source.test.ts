import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  readdirSync,
  renameSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, test } from 'node:test';
import { createPrivateKey } from 'node:crypto';
import { waitFor } from 'portal-test-kit';
import { generateKeys } from '../src/release/keys.js';
import { signStatement } from '../src/release/statement.js';
import { watchSource, type Source, type SourceOptions } from '../src/source.js';
import type { SourceEvent } from '../src/watch/source-event.js';
import { ourHash, shellHash, withFolder, withTree, write, type Contents } from './trees.js';

function kindsOf(source: Source): readonly string[] {
  return source.problems().map(({ kind }) => kind);
}

const TREE: Contents = { 'dist/main.js': 'main\n', 'dist/lib/a.js': 'a\n', 'dist/lib/b.js': 'b\n' };

async function withSource(
  options: SourceOptions,
  work: (source: Source) => Promise<void> | void,
): Promise<void> {
  const source = watchSource(options);
  try {
    await source.start();
    await work(source);
  } finally {
    await source.close();
  }
}

function withWatchedTree(
  work: (root: string, source: Source, events: SourceEvent[]) => Promise<void>,
  options: Partial<SourceOptions> = {},
): Promise<void> {
  const events: SourceEvent[] = [];
  return withTree(TREE, (root) =>
    withSource(
      { root, scanIntervalMs: 200, onEvent: (event) => void events.push(event), ...options },
      (source) => work(root, source, events),
    ),
  );
}

const SOON = { timeoutMs: 60_000 };

describe('at the start', () => {
  test('the hash is the shell line’s, and nothing is wrong', () =>
    withTree({ ...TREE, 'node_modules/x/index.js': '1' }, (root) =>
      withSource({ root, exclude: ['node_modules'] }, (source) => {
        assert.equal(source.hash, shellHash(root, ['node_modules']));
        assert.deepEqual(source.problems(), []);
        const state = source.state();
        assert.equal(state.state, 'unsigned');
        assert.deepEqual(state.exclude, ['node_modules']);
        assert.equal(state.boot?.files, 3);
        assert.equal(state.disk?.source_hash, source.hash);
        assert.deepEqual(JSON.parse(JSON.stringify(state)), state, 'plain data');
      }),
    ));

  test('before the first hash everything is pending', () =>
    withTree(TREE, async (root) => {
      const source = watchSource({ root });
      assert.equal(source.hash, null);
      assert.deepEqual(source.problems(), []);
      assert.equal(source.state().state, 'pending');
      await source.close();
    }));

  test('a tree that cannot be hashed is a finding and not an exception, and the first hash counts when there is one', () =>
    withFolder((folder) =>
      withSource({ root: join(folder, 'later'), scanIntervalMs: 100 }, async (source) => {
        assert.equal(source.hash, null);
        assert.deepEqual(kindsOf(source), ['unreadable']);
        assert.equal(source.state().state, 'unreadable');
        assert.deepEqual(source.state().refusals, ['E_READ . cannot be read (ENOENT)']);
        write(folder, { 'later/main.js': 'x' });
        await waitFor('the first hash', () => source.hash !== null, SOON);
        assert.deepEqual(source.problems(), []);
      }),
    ));

  test('starting twice is starting once, and closing in the middle of it ends it', () =>
    withTree(TREE, async (root) => {
      const source = watchSource({ root });
      const started = Promise.all([source.start(), source.start()]);
      await source.close();
      await started;
      await source.close();
    }));

  test('a source that is not watched is hashed once', () =>
    withWatchedTree(
      async (root, source) => {
        writeFileSync(join(root, 'dist/main.js'), 'changed');
        await sleep(500);
        assert.deepEqual(source.problems(), []);
      },
      { watch: false },
    ));
});

describe('while running', () => {
  test('a file rewritten in place with its old time set back is found by name within 15 s; put back, it stays told', () =>
    withWatchedTree(
      async (root, source, events) => {
        const file = join(root, 'dist/main.js');
        const { atime, mtime } = statSync(file);
        writeFileSync(file, 'mean\n');
        utimesSync(file, atime, mtime);
        await waitFor('the drift', () => kindsOf(source).includes('drifted'), SOON);
        const { state, disk, boot, differences } = source.state();
        assert.equal(state, 'drifted');
        assert.equal(boot?.source_hash, source.hash);
        assert.equal(disk?.source_hash, ourHash(root));
        assert.deepEqual(differences.changes, [{ kind: 'modified', path: 'dist/main.js', files: 1 }]);
        assert.deepEqual(events[0]?.changes, differences.changes);

        writeFileSync(file, 'main\n');
        utimesSync(file, atime, mtime);
        await waitFor('the way back', () => source.state().disk?.source_hash === source.hash, SOON);
        assert.deepEqual(kindsOf(source), ['drifted']);
        const after = source.state();
        assert.equal(after.state, 'drifted');
        assert.notEqual(after.drifted_since, null);
        assert.deepEqual(after.differences.changes, []);
        assert.deepEqual(after.events[0]?.put_back_paths, ['dist/main.js']);
      },
      // As it comes, with its ten seconds.
      { scanIntervalMs: 10_000 },
    ));

  test('a log and a database below the root are named, with what to do, also once they are as they were', () =>
    withWatchedTree(async (root, source) => {
      write(root, { 'log/access.log': 'GET /\n' });
      await waitFor('the change', () => source.problems().length > 0, SOON);
      const [problem] = source.problems();
      assert.match(
        problem?.message ?? '',
        /^log\/(access\.log)? changed \d+ s after the start\. If the application writes it, exclude it or give as root .* dist\.$/,
      );
      write(root, { 'uploads/a.png': '1' });
      await waitFor(
        'the second one',
        () => source.problems()[0]?.message.includes(' and 1 more ') === true,
        SOON,
      );
      rmSync(join(root, 'log'), { recursive: true });
      rmSync(join(root, 'uploads'), { recursive: true });
      await waitFor('the tree to be as it was', () => source.state().differences.added === 0, SOON);
      assert.match(source.problems()[0]?.message ?? '', /^(log|uploads)\/\S* changed /);
    }));

  test('a hint makes for an early look', () =>
    withWatchedTree(
      async (root, source) => {
        writeFileSync(join(root, 'dist/lib/new.js'), 'x');
        await waitFor('the drift', () => source.problems().length > 0, SOON);
        assert.deepEqual(source.state().differences.changes, [
          { kind: 'added', path: 'dist/lib/new.js', files: 1 },
        ]);
      },
      { scanIntervalMs: 600_000 },
    ));

  test('a deployment that rewrites hundreds of files over seconds is one event', () =>
    withTree(
      Object.fromEntries(
        Array.from({ length: 300 }, (_, index) => [`dist/d${index % 9}/f${index}.js`, `${index}`]),
      ),
      (root) =>
        withSource({ root, scanIntervalMs: 100 }, async (source) => {
          const before = source.hash;
          for (let index = 0; index < 300; index += 1) {
            writeFileSync(join(root, `dist/d${index % 9}/f${index}.js`), `new ${index}`);
            if (index % 100 === 50) await waitFor('a look at it', () => source.problems().length > 0, SOON);
            await sleep(5);
          }
          await waitFor('its end', () => source.state().disk?.source_hash === ourHash(root), SOON);
          const { events } = source.state();
          assert.equal(events.length, 1);
          assert.equal(events[0]?.modified, 300);
          assert.equal(events[0].hash_before, before);
          assert.deepEqual(events[0].changes, [{ kind: 'modified', path: './', files: 300 }]);
        }),
    ));

  test('an entry that must be refused is drift and makes the tree unreadable; the drift outlasts it', () =>
    withWatchedTree(async (root, source) => {
      symlinkSync('/etc/passwd', join(root, 'dist/link'));
      await waitFor('the link', () => kindsOf(source).includes('unreadable'), SOON);
      assert.deepEqual(kindsOf(source), ['drifted', 'unreadable']);
      assert.deepEqual(source.state().refusals, [
        'E_SYMLINK dist/link is a symbolic link (to /etc/passwd, out of the tree); exclude ./dist/link',
      ]);
      rmSync(join(root, 'dist/link'));
      await waitFor('its end', () => !kindsOf(source).includes('unreadable'), SOON);
      assert.deepEqual(kindsOf(source), ['drifted']);
    }));

  test('a node_modules that comes nearer to the code while it runs is drift, though its place is left out', () =>
    withFolder((folder) => {
      write(folder, { 'tree/dist/main.js': 'x', 'tree/node_modules/dep/i.js': 'dep' });
      const exclude = ['./node_modules', './dist/node_modules', 'log'];
      return withSource({ root: join(folder, 'tree'), exclude, scanIntervalMs: 100 }, async (source) => {
        const { hash } = source;
        write(folder, { 'tree/dist/log/today': 'x', 'tree/node_modules/other/i.js': 'x' });
        write(folder, { 'tree/dist/node_modules/dep/i.js': 'EVIL' });
        await waitFor('the finding', () => kindsOf(source).includes('unreadable'), SOON);
        assert.deepEqual(kindsOf(source), ['drifted', 'unreadable']);
        assert.equal(source.state().refusals.length, 1);
        assert.match(String(source.state().refusals[0]), /^E_LEFT_OUT dist\/node_modules /);
        rmSync(join(folder, 'tree/dist/node_modules'), { recursive: true });
        await waitFor('its end', () => !kindsOf(source).includes('unreadable'), SOON);
        assert.deepEqual([kindsOf(source), source.hash], [['drifted'], hash]);
      });
    }));

  test('a root that vanishes is unreadable, and when it is back as it was, nothing has drifted', () =>
    withFolder((folder) => {
      write(folder, { 'tree/main.js': 'x' });
      return withSource({ root: join(folder, 'tree'), scanIntervalMs: 100 }, async (source) => {
        renameSync(join(folder, 'tree'), join(folder, 'away'));
        await waitFor('the loss', () => kindsOf(source).includes('unreadable'), SOON);
        renameSync(join(folder, 'away'), join(folder, 'tree'));
        await waitFor('the way back', () => source.problems().length === 0, SOON);
      });
    }));

  test('a tree that never stands still goes stale, which is unreadable, and recovers', () =>
    withWatchedTree(
      async (root, source) => {
        // So many that a scan is not over before the other process has had a processor, however few there are.
        write(root, Object.fromEntries(Array.from({ length: 3_000 }, (_, n) => [`many/${n}.js`, String(n)])));
        const churn = spawn(
          process.execPath,
          [
            '-e',
            `const { writeFileSync, rmSync } = require('node:fs');
             for (let n = 0; ; n += 1) { const f = process.argv[1] + '/n' + n; writeFileSync(f, 'x'); rmSync(f); }`,
            join(root, 'dist'),
          ],
          { stdio: 'ignore' },
        );
        try {
          await waitFor('staleness', () => source.state().state === 'unreadable', {
            timeoutMs: 120_000,
          });
          assert.ok(kindsOf(source).includes('unreadable'));
        } finally {
          const ended = once(churn, 'exit');
          churn.kill('SIGKILL');
          await ended;
        }
        await waitFor('recovery', () => !kindsOf(source).includes('unreadable'), SOON);
      },
      { scanIntervalMs: 100 },
    ));

  test('a listener that throws stops nothing', () =>
    withWatchedTree(
      async (root, source) => {
        writeFileSync(join(root, 'dist/main.js'), '1');
        await waitFor('the first change', () => source.state().events[0]?.modified === 1, SOON);
        writeFileSync(join(root, 'dist/lib/a.js'), '2');
        await waitFor('the second', () => source.state().events[0]?.modified === 2, SOON);
      },
      {
        onEvent: () => {
          throw new Error('listener');
        },
      },
    ));
});

describe('what it should be', () => {
  const { publicPem, privatePem } = generateKeys();
  const privateKey = createPrivateKey(privatePem);

  function sign(
    sourceHash: string,
    changes: { sequence?: number; expires?: string; exclude?: string[] } = {},
  ): string {
    return signStatement(
      {
        sourceHash,
        version: '1.0.0',
        sequence: 3,
        created: new Date().toISOString(),
        expires: new Date(Date.now() + 3_600_000).toISOString(),
        exclude: [],
        files: 3,
        bytes: 9,
        node: process.versions.node,
        links: [],
        commit: null,
        lockfile: null,
        dependencies: null,
        nodeBinary: null,
        ...changes,
      },
      privateKey,
    );
  }

  test('a hash given by hand', () =>
    withTree(TREE, async (root) => {
      await withSource({ root, expectedHash: ourHash(root) }, (source) => {
        assert.deepEqual(source.problems(), []);
        assert.equal(source.state().state, 'verified');
        assert.equal(source.state().expected?.by, 'hand');
      });
      await withSource({ root, expectedHash: '0'.repeat(64) }, (source) => {
        assert.deepEqual(kindsOf(source), ['mismatched']);
        assert.equal(source.state().state, 'mismatched');
      });
    }));

  test('a statement, whose scope goes before the local one', () =>
    withTree({ ...TREE, 'log/today': 'x' }, (root) =>
      withFolder(async (folder) => {
        const file = join(folder, 'source.intoto.jsonl');
        writeFileSync(file, sign(ourHash(root, ['log']), { exclude: ['log'] }));
        await withSource({ root, exclude: ['dist'], statement: { file, keys: [publicPem] } }, (source) => {
          assert.deepEqual(source.problems(), []);
          const { state, exclude, expected } = source.state();
          assert.equal(state, 'verified');
          assert.deepEqual(exclude, ['log']);
          assert.equal(expected?.sequence, 3);
          assert.equal(expected.key_ids.length, 1);
          assert.equal(source.statement(), readFileSync(file, 'utf8').trim());
        });
      }),
    ));

  test('a statement that expires while the source is watched is warned of, and then a mismatch', () =>
    withTree(TREE, (root) =>
      withFolder(async (folder) => {
        const file = join(folder, 'source.intoto.jsonl');
        writeFileSync(file, sign(ourHash(root), { expires: new Date(Date.now() + 3_000).toISOString() }));
        await withSource({ root, statement: { file, keys: [publicPem] } }, async (source) => {
          let told = 0;
          source.onChange(() => (told += 1));
          // On a busy machine it has expired by now.
          const isValid = source.state().expected !== null;
          if (isValid) assert.match(source.state().warnings.join(), /^The statement expires on /);
          await waitFor('the mismatch', () => kindsOf(source).includes('mismatched'), SOON);
          assert.equal(source.state().statement_refused, 'The statement has expired (E_EXPIRED).');
          if (isValid) assert.ok(told > 0);
        });
      }),
    ));

  test('a root that is a link is the tree that it leads to, at the start', () =>
    withFolder(async (folder) => {
      write(folder, { '1/main.js': 'x', '2/main.js': 'y' });
      symlinkSync('1', join(folder, 'current'));
      for (const root of ['current', 'current/', 'current/.']) {
        await withSource({ root: join(folder, root), scanIntervalMs: 100 }, async (source) => {
          assert.equal(source.hash, ourHash(join(folder, '1')));
          assert.deepEqual(source.problems(), []);
        });
      }
    }));

  const refusals: readonly [string, string | undefined, { minimumSequence?: number }, string][] = [
    ['is missing', undefined, {}, 'The statement cannot be read (E_FILE).'],
    [
      'has expired',
      sign('0'.repeat(64), { expires: '2020-01-01T00:00:00Z' }),
      {},
      'The statement has expired (E_EXPIRED).',
    ],
    [
      'is older than allowed',
      sign('0'.repeat(64)),
      { minimumSequence: 4 },
      'The statement is older than one that was accepted before: its sequence is lower (E_SEQUENCE).',
    ],
  ];
  for (const [name, text, settings, sentence] of refusals) {
    test(`a statement that ${name} is a mismatch, and says why; the tree is hashed all the same`, () =>
      withTree(TREE, (root) =>
        withFolder(async (folder) => {
          const file = join(folder, 'source.intoto.jsonl');
          if (text !== undefined) writeFileSync(file, text);
          await withSource({ root, statement: { file, keys: [publicPem], ...settings } }, (source) => {
            assert.deepEqual(kindsOf(source), ['mismatched']);
            assert.equal(source.hash, ourHash(root));
            assert.equal(source.state().statement_refused, sentence);
            assert.equal(source.state().expected, null);
          });
        }),
      ));
  }
});

describe('a clean life', () => {
  for (const [name, last] of [
    ['closed', 'await source.close();'],
    ['forgotten', ''],
  ] as const) {
    test(`a process with a ${name} source ends by itself`, () =>
      withTree(TREE, async (root) => {
        const script = `
          import { watchSource } from ${JSON.stringify(new URL('../src/source.js', import.meta.url).href)};
          // Standard output and error are made when they are first needed, be it by a thread.
          process.stdout.write('');
          process.stderr.write('');
          await new Promise(setImmediate);
          const before = process.getActiveResourcesInfo().length;
          const source = watchSource({ root: ${JSON.stringify(root)}, scanIntervalMs: 100 });
          await source.start();
          ${last}
          process.stdout.write(JSON.stringify([source.hash, process.getActiveResourcesInfo().length - before]));`;
        const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
          stdio: ['ignore', 'pipe', 'inherit'],
          timeout: 30_000,
        });
        let output = '';
        child.stdout.on('data', (chunk: Buffer) => void (output += chunk.toString()));
        const [code]: unknown[] = await once(child, 'close');
        assert.equal(code, 0);
        const [hash, handles]: unknown[] = JSON.parse(output);
        assert.equal(hash, ourHash(root));
        if (name === 'closed') assert.equal(handles, 0);
      }));
  }

  test('a source closed while the reply to a look into memory is on its way holds the process until it is closed', () =>
    withTree(TREE, (root) => {
      const script = `
        import { setImmediate, setTimeout } from 'node:timers/promises';
        import { watchSource } from ${JSON.stringify(new URL('../src/source.js', import.meta.url).href)};
        const hold = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
        const source = watchSource({ root: ${JSON.stringify(root)}, watch: false, memoryIntervalMs: 200 });
        await source.start();
        hold(300);
        await setTimeout(1);
        await setImmediate();
        // The second look has asked the thread, which replies meanwhile.
        hold(1_000);
        await source.close();
        process.stdout.write('closed');`;
      const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
        encoding: 'utf8',
        timeout: 120_000,
      });
      assert.deepEqual([status, stdout, stderr], [0, 'closed', '']);
    }));

  test('twenty sources opened and closed leave no descriptor behind', () =>
    withTree(TREE, async (root) => {
      const open = (): number => readdirSync('/proc/self/fd').length;
      await withSource({ root }, () => undefined);
      const before = open();
      for (let count = 0; count < 20; count += 1) await withSource({ root }, () => undefined);
      await waitFor('the descriptors', () => open() <= before, SOON);
    }));
});

describe('what is remembered between runs', () => {
  test('a source that was changed while nothing ran is an event with both hashes, and no problem', () =>
    withTree(TREE, (root) =>
      withFolder(async (folder) => {
        const events: SourceEvent[] = [];
        const options = {
          root,
          lastRunFile: join(folder, 'source.sha256'),
          onEvent: (event: SourceEvent) => void events.push(event),
        };
        const first = ourHash(root);
        await withSource(options, (source) => {
          assert.deepEqual(source.state().last_run?.source_hash, null);
        });
        await withSource(options, (source) => assert.equal(source.state().last_run?.source_hash, first));
        assert.equal(events.length, 0);
        writeFileSync(join(root, 'dist/lib/a.js'), 'EVIL');
        await withSource(options, (source) => {
          assert.deepEqual(source.problems(), []);
          assert.equal(source.state().last_run?.source_hash, first);
          assert.equal(source.state().last_run?.differences.changes[0]?.path, 'dist/lib/a.js');
        });
        const event = events.at(0);
        assert.deepEqual(
          [event?.kind, event?.hash_before, event?.hash_after],
          ['restarted', first, ourHash(root)],
        );
        await withSource(options, (source) => assert.deepEqual(source.state().events, []));
      }),
    ));

  test('a place where nothing can be kept is warned of', () =>
    withTree(TREE, (root) =>
      withSource({ root, lastRunFile: join(root, 'dist/main.js/x') }, (source) => {
        // The tree is also younger than this process, which is another warning.
        assert.equal(
          source.state().warnings.at(-1),
          'The hash of this start cannot be kept for the next one (ENOTDIR).',
        );
      }),
    ));
});

describe('what has no end', () => {
  test('a sparse file of terabytes is named, and the rest is compared', () =>
    withWatchedTree(async (root, source, events) => {
      const core = join(root, 'core');
      writeFileSync(core, '');
      truncateSync(core, 1024 ** 4);
      await waitFor('the refusal', () => source.state().refusals.length > 0, SOON);
      assert.match(
        source.state().refusals[0] ?? '',
        /^E_LARGE core is larger than what is read of one file; exclude/,
      );
      writeFileSync(join(root, 'dist/lib/a.js'), 'EVIL');
      await waitFor('the change beside it', () => events.some(({ modified }) => modified === 1), SOON);
      rmSync(core);
      await waitFor('the end of the refusal', () => source.state().refusals.length === 0, SOON);
    }));

  test('at the start it does not keep anybody from serving', () =>
    withTree(TREE, async (root) => {
      writeFileSync(join(root, 'core'), 'more than ten');
      await withSource({ root, maxFileBytes: 10 }, (source) => {
        assert.equal(source.hash, null);
        assert.deepEqual(
          source.problems().map(({ code }) => code),
          ['E_LARGE'],
        );
      });
    }));

  test('a tree that takes longer than the deadline is told as busy, and its hash follows', () =>
    withTree(TREE, (root) =>
      withSource({ root, startDeadlineMs: 0 }, async (source) => {
        if (source.hash === null)
          assert.match(source.state().refusals[0] ?? '', /^E_BUSY \. is still being read/);
        await waitFor('the hash', () => source.hash !== null, SOON);
        assert.deepEqual(source.problems(), []);
      }),
    ));
});
