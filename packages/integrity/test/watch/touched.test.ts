/** Every change leaves a trace, also one that nothing on disk tells any more. */
import assert from 'node:assert/strict';
import { chmodSync, renameSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { waitFor } from 'portal-test-kit';
import { watchSource, type Source } from '../../src/source.js';
import type { SourceEvent } from '../../src/watch/source-event.js';
import { withTree, write } from '../trees.js';

const TREE = { 'd/a.js': 'good a\n', 'd/b.js': 'good b\n', 'e/c.js': 'good c\n' };
const SOON = { timeoutMs: 60_000 };

function withWatched(work: (root: string, source: Source) => Promise<void>): Promise<void> {
  return withTree(TREE, async (root) => {
    const source = watchSource({ root, scanIntervalMs: 500 });
    try {
      await source.start();
      await work(root, source);
    } finally {
      await source.close();
    }
  });
}

async function touchedAt(source: Source, path: string): Promise<SourceEvent['touched'][number]> {
  const find = () =>
    source
      .state()
      .events.filter(({ kind }) => kind === 'touched')
      .flatMap(({ touched }) => touched)
      .find((entry) => entry.path === path);
  await waitFor(`a trace of ${path}`, () => find() !== undefined, SOON);
  const entry = find();
  assert.ok(entry);
  return entry;
}

test('what is changed and put back behind an obstacle leaves its trace when the obstacle is gone', () =>
  withWatched(async (root, source) => {
    const unreadable = () => source.state().state === 'unreadable';
    renameSync(root, `${root}.away`);
    writeFileSync(root, 'a file in its place');
    try {
      await waitFor('the obstacle', unreadable, SOON);
      writeFileSync(join(`${root}.away`, 'd/a.js'), 'EVIL a\n');
      writeFileSync(join(`${root}.away`, 'd/x.js'), 'EVIL x\n');
      writeFileSync(join(`${root}.away`, 'd/a.js'), 'good a\n');
      rmSync(join(`${root}.away`, 'd/x.js'));
    } finally {
      rmSync(root);
      renameSync(`${root}.away`, root);
    }
    const { moved, ctime_before, ctime_after } = await touchedAt(source, 'd/a.js');
    assert.ok(moved.includes('mtime') && ctime_before < ctime_after);
    await touchedAt(source, 'd');
    await touchedAt(source, '.');
    await waitFor('its end', () => !unreadable(), SOON);
    const paths = source.state().events.flatMap(({ touched }) => touched.map(({ path }) => path));
    assert.ok(!paths.includes('e/c.js') && !paths.includes('d/b.js'), paths.join());
    assert.deepEqual(source.problems(), []);
  }));

test('a file that is changed and put back between two scans is an event that stays, and no problem', () =>
  withWatched(async (root, source) => {
    const file = join(root, 'd/a.js');
    const { atime, mtime } = statSync(file);
    writeFileSync(file, 'EVIL a\n');
    writeFileSync(file, 'good a\n');
    utimesSync(file, atime, mtime);
    const { ctime_before, ctime_after } = await touchedAt(source, 'd/a.js');
    assert.ok(ctime_before < ctime_after);
    assert.deepEqual(source.problems(), []);
    assert.notEqual(source.state().touched_at, null);
    assert.equal(source.state().state, 'unsigned');
  }));

test('a folder in whose place another one was, between two scans, is told though no file in it moved', () =>
  withWatched(async (root, source) => {
    const [folder, away, evil] = [join(root, 'd'), `${root}.away`, `${root}.evil`];
    write(evil, { 'a.js': 'EVIL a\n', 'b.js': 'good b\n' });
    try {
      renameSync(folder, away);
      renameSync(evil, folder);
      renameSync(folder, evil);
      renameSync(away, folder);
    } finally {
      rmSync(evil, { recursive: true });
    }
    await touchedAt(source, '.');
    await touchedAt(source, 'd');
    assert.deepEqual(source.problems(), []);
  }));

test('a mode that is set, a file that took the place of its like, and a folder that had a guest say what moved', () =>
  withWatched(async (root, source) => {
    chmodSync(join(root, 'd/a.js'), 0o755);
    assert.deepEqual((await touchedAt(source, 'd/a.js')).moved, ['mode']);
    write(root, { 'e/guest.js': 'EVIL' });
    rmSync(join(root, 'e/guest.js'));
    assert.ok((await touchedAt(source, 'e')).moved.includes('mtime'));
    rmSync(join(root, 'd/b.js'));
    write(root, { 'd/b.js': 'good b\n' });
    assert.ok((await touchedAt(source, 'd/b.js')).moved.includes('mtime'));
    assert.deepEqual(source.problems(), []);
  }));

test('what stands in the way of one entry hides no change of another, and the trace outlasts both', () =>
  withWatched(async (root, source) => {
    symlinkSync('/etc/passwd', join(root, 'e/link'));
    await waitFor('the link', () => source.state().state === 'unreadable', SOON);
    writeFileSync(join(root, 'd/a.js'), 'EVIL a\n');
    await waitFor('the change beside it', () => source.state().differences.modified === 1, SOON);
    assert.equal(source.state().events[0]?.hash_after, null);
    writeFileSync(join(root, 'd/a.js'), 'good a\n');
    rmSync(join(root, 'e/link'));
    await waitFor('the end of both', () => source.state().state === 'drifted', SOON);
    assert.deepEqual(source.state().differences.changes, []);
    assert.ok(source.state().events.some(({ put_back_paths }) => put_back_paths.includes('d/a.js')));
  }));
