import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, test } from 'node:test';
import { manifestHash, type ManifestEntry } from '../../src/scan/manifest.js';
import { createDrift, type Drift } from '../../src/watch/drift.js';

type Tree = Readonly<Record<string, string>>;

function note(drift: Drift, tree: Tree): void {
  const entries: ManifestEntry[] = Object.entries(tree).map(([path, digest]) => ({ path, digest }));
  drift.note(manifestHash(entries), entries);
}

function createTestDrift(pauseMs = 60_000): Drift {
  return createDrift(() => undefined, { pauseMs });
}

const TREE = { a: '1', b: '2', c: '3' };

const UNCHANGED = Object.entries(TREE).map(([path, digest]) => ({ path, digest }));

describe('events', () => {
  test('nothing new is no event', () => {
    const drift = createTestDrift();
    note(drift, TREE);
    note(drift, TREE);
    assert.deepEqual(drift.events(), []);
  });

  test('changes without a pause are one event, from where it began', () => {
    const drift = createTestDrift();
    note(drift, TREE);
    for (let index = 0; index < 300; index += 1) note(drift, { ...TREE, [`new/${index}`]: `n${index}` });
    note(drift, { ...TREE, b: '9' });
    const [event, ...others] = drift.events();
    assert.deepEqual(others, []);
    assert.deepEqual(event?.changes, [{ kind: 'modified', path: 'b', files: 1 }]);
    assert.equal(event.put_back, 300, 'files that came and went');
    assert.equal(event.put_back_paths.length, 20);
  });

  test('a pause ends an event', async () => {
    const drift = createTestDrift(20);
    note(drift, TREE);
    note(drift, { ...TREE, a: '9' });
    await sleep(40);
    note(drift, { ...TREE, a: '9', b: '9' });
    assert.deepEqual(
      drift.events().map(({ changes }) => changes.map(({ path }) => path)),
      [['b'], ['a']],
    );
    assert.deepEqual(
      drift.differences().changes.map(({ path }) => path),
      ['a', 'b'],
    );
  });

  test('what was put back is told', async () => {
    const drift = createTestDrift(20);
    note(drift, TREE);
    note(drift, { ...TREE, a: '9' });
    note(drift, TREE);
    assert.deepEqual(drift.events()[0]?.put_back_paths, ['a']);
    await sleep(40);
    note(drift, { ...TREE, a: '9' });
    await sleep(40);
    note(drift, TREE);
    assert.equal(drift.events().length, 3);
    assert.deepEqual(drift.differences().changes, []);
  });

  test('there are fifty at most, the latest first, each with twenty changes at most', async () => {
    const drift = createTestDrift(0);
    note(drift, TREE);
    for (let round = 0; round < 60; round += 1) {
      // Every other file changes, so that no folder does as a whole.
      const files = Array.from({ length: 90 }, (_, file) => [
        `f${file}`,
        file % 2 === 0 ? 'same' : `${file} ${round}`,
      ]);
      note(drift, Object.fromEntries(files));
    }
    const events = drift.events();
    assert.equal(events.length, 50);
    for (const { changes, more_changes: more, modified } of events) {
      assert.deepEqual([changes.length, more, modified], [20, 25, 45]);
    }
  });

  test('a tree that cannot be read is told once for each set of reasons, and its end as well', () => {
    const drift = createTestDrift(0);
    note(drift, TREE);
    drift.noteScanErrors([{ code: 'E_SYMLINK', path: 'x', cause: '' }], UNCHANGED);
    drift.noteScanErrors([{ code: 'E_SYMLINK', path: 'x', cause: '' }], UNCHANGED);
    drift.noteScanErrors([{ code: 'E_READ', path: '.', cause: 'EIO' }], UNCHANGED);
    note(drift, TREE);
    assert.deepEqual(
      drift.events().map(({ refusals, hash_after: after }) => [refusals, after === null]),
      [
        [[], false],
        [['E_READ . cannot be read (EIO)'], true],
        [['E_SYMLINK x is a symbolic link'], true],
      ],
    );
  });

  test('a tree that could not be read at the start has nothing to compare with', () => {
    const drift = createTestDrift();
    drift.noteScanErrors([{ code: 'E_EMPTY', path: '.', cause: '' }], UNCHANGED);
    note(drift, TREE);
    assert.deepEqual(drift.events(), []);
  });
});
