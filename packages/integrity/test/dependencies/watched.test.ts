/** The packages of a watched source: what the list has, signed or not, and what becomes of them while it runs. */
import assert from 'node:assert/strict';
import { createPrivateKey, hash } from 'node:crypto';
import { chmodSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { waitFor } from 'portal-test-kit';
import { createDependencyIndex } from '../../src/dependencies/dependency-index.js';
import { listDependencies } from '../../src/dependencies/list.js';
import { parseLockFile } from '../../src/dependencies/lock-file.js';
import { findTarballs } from '../../src/dependencies/tarballs.js';
import { generateKeys } from '../../src/release/keys.js';
import { signStatement, type Statement } from '../../src/release/statement.js';
import { formatManifest } from '../../src/scan/manifest.js';
import { watchSource, type Source, type SourceEvent, type SourceOptions } from '../../src/source.js';
import { ourHash, write } from '../trees.js';
import { withProject } from './project.js';

const SOON = { timeoutMs: 60_000 };

/** A project with its list beside it, watched. */
function withWatched(
  work: (project: { app: string; source: Source; events: SourceEvent[] }) => Promise<void>,
  {
    before,
    options,
  }: { before?: (app: string) => void; options?: (folder: string) => Partial<SourceOptions> } = {},
): Promise<void> {
  return withProject(async (folder) => {
    const app = join(folder, 'app');
    const lockFile = join(app, 'package-lock.json');
    const lock = parseLockFile(readFileSync(lockFile, 'utf8'));
    assert.ok(lock);
    const { entries } = listDependencies(lock, app, findTarballs(app, join(folder, 'cache')));
    const list = join(folder, 'dependencies.sha256');
    writeFileSync(list, formatManifest(entries));
    before?.(app);
    const events: SourceEvent[] = [];
    const source = watchSource({
      root: join(app, 'src'),
      scanIntervalMs: 100,
      dependencies: { lockFile, list },
      onEvent: (event) => void events.push(event),
      ...options?.(folder),
    });
    try {
      await source.start();
      await work({ app, source, events });
    } finally {
      await source.close();
    }
  });
}

async function looked(source: Source): Promise<void> {
  await waitFor('the first look', () => typeof source.state().dependencies?.checked_at === 'string', SOON);
}

describe('the packages of a watched source', () => {
  test('are as listed, and the hash of the list is told; the start does not wait for them', () =>
    withWatched(async ({ source }) => {
      assert.equal(source.state().dependencies?.by, 'list');
      await looked(source);
      const { dependencies, state } = source.state();
      assert.deepEqual(
        [dependencies?.state, dependencies?.packages, dependencies?.absent, state],
        ['same', 5, 2, 'unsigned'],
      );
      assert.match(dependencies?.dependencies_hash ?? '', /^[0-9a-f]{64}$/);
      assert.deepEqual(source.problems(), []);
    }));

  test('an edit of one while nothing ran is a mismatch that names the file', () =>
    withWatched(
      async ({ source }) => {
        await waitFor('the problem', () => source.problems().length > 0, SOON);
        const [problem] = source.problems();
        assert.deepEqual([problem?.kind, problem?.code], ['mismatched', 'DEPENDENCIES']);
        assert.match(problem?.message ?? '', /^node_modules\/dep\/index\.mjs is not what the list/);
        assert.equal(source.state().state, 'mismatched');
      },
      { before: (app) => write(app, { 'node_modules/dep/index.mjs': 'EVIL' }) },
    ));

  test('one planted while it runs is an event, and stays told when it was taken away', () =>
    withWatched(async ({ app, source, events }) => {
      await looked(source);
      write(app, { 'packages/node_modules/evil/index.js': 'EVIL' });
      await waitFor(
        'the event',
        () => events.some(({ kind, added }) => kind === 'dependencies' && added === 1),
        SOON,
      );
      rmSync(join(app, 'packages/node_modules'), { recursive: true });
      await waitFor('the event of its end', () => events.some(({ put_back }) => put_back === 1), SOON);
      const { dependencies } = source.state();
      assert.deepEqual([dependencies?.state, dependencies?.differences.added], ['different', 0]);
      assert.equal(source.problems()[0]?.code, 'DEPENDENCIES');
    }));

  test('a link that leads elsewhere, and a mode that changed, which is an event and no problem', () =>
    withWatched(async ({ app, source, events }) => {
      await looked(source);
      chmodSync(join(app, 'node_modules/dep/index.mjs'), 0o6755);
      await waitFor('the touch', () => events.some(({ kind }) => kind === 'touched'), SOON);
      const touched = events.find(({ kind }) => kind === 'touched')?.touched ?? [];
      assert.deepEqual(
        touched.map(({ path, moved }) => [path, moved]),
        [['node_modules/dep/index.mjs', ['mode']]],
      );
      assert.deepEqual(source.problems(), []);
      rmSync(join(app, 'node_modules/own'));
      symlinkSync('/tmp', join(app, 'node_modules/own'));
      await waitFor('the problem', () => source.problems().length > 0, SOON);
      assert.match(source.problems()[0]?.message ?? '', /^node_modules\/own is not/);
    }));

  test('without a list, what lay there at the start counts', () =>
    withWatched(
      async ({ app, source }) => {
        await looked(source);
        assert.deepEqual([source.state().dependencies?.by, source.problems()], ['start', []]);
        write(app, { 'node_modules/dep/index.mjs': 'EVIL' });
        await waitFor('the problem', () => source.problems().length > 0, SOON);
      },
      { options: (folder) => ({ dependencies: { lockFile: join(folder, 'app/package-lock.json') } }) },
    ));

  test('a lock file or a list that is none is unreadable, and nothing else suffers', () =>
    withWatched(
      async ({ source }) => {
        await waitFor('the problem', () => source.problems().length > 0, SOON);
        assert.deepEqual(
          source.problems().map(({ kind, code }) => [kind, code]),
          [['unreadable', 'DEPENDENCIES']],
        );
        assert.match(source.hash ?? '', /^[0-9a-f]{64}$/);
      },
      { options: (folder) => ({ dependencies: { lockFile: join(folder, 'nowhere/package-lock.json') } }) },
    ));
});

describe('what was signed of them', () => {
  const { publicPem, privatePem } = generateKeys();

  function signed(folder: string, changes: Partial<Statement>): Partial<SourceOptions> {
    const root = join(folder, 'app/src');
    const digest = (file: string): string => hash('sha256', readFileSync(join(folder, file)), 'hex');
    const statement: Statement = {
      sourceHash: ourHash(root),
      version: '1.0.0',
      sequence: 1,
      created: new Date().toISOString(),
      expires: new Date(Date.now() + 3_600_000).toISOString(),
      exclude: [],
      files: 1,
      bytes: 4,
      node: process.versions.node,
      links: [],
      commit: null,
      lockfile: digest('app/package-lock.json'),
      dependencies: digest('dependencies.sha256'),
      nodeBinary: hash('sha256', readFileSync(process.execPath), 'hex'),
      ...changes,
    };
    const file = join(folder, 'source.intoto.jsonl');
    writeFileSync(file, signStatement(statement, createPrivateKey(privatePem)));
    return { statement: { file, keys: [publicPem] } };
  }

  test('list, lock file and the binary of Node, as they are', () =>
    withWatched(
      async ({ source }) => {
        await waitFor('the binary', () => source.state().node_binary !== null, SOON);
        const { state, dependencies } = source.state();
        assert.deepEqual([state, dependencies?.by, source.problems()], ['verified', 'statement', []]);
      },
      { options: (folder) => signed(folder, {}) },
    ));

  test('another list, another lock file, another binary: each a mismatch with a sentence of its own', () => {
    const other = '0'.repeat(64);
    return withWatched(
      async ({ source }) => {
        await waitFor('all three', () => source.problems().length >= 3, SOON);
        assert.deepEqual(
          source.problems().map(({ kind, code }) => `${kind} ${code}`),
          ['mismatched DEPENDENCY_LIST', 'mismatched LOCKFILE', 'mismatched NODE_BINARY'],
        );
      },
      { options: (folder) => signed(folder, { dependencies: other, lockfile: other, nodeBinary: other }) },
    );
  });
});

test('a check that finds nothing new says so', () =>
  withProject((folder) => {
    const app = join(folder, 'app');
    const lock = parseLockFile(readFileSync(join(app, 'package-lock.json'), 'utf8'));
    assert.ok(lock);
    const index = createDependencyIndex(app, lock, undefined);
    const first = index.check();
    assert.deepEqual([first.changes, first.scanErrors], [[], []]);
    while (!index.reread(1));
    assert.deepEqual(index.check(), first);
    assert.deepEqual(index.takeTouches(), []);
  }));
