/** The scripts in memory, read now and then or told one by one. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext, Script } from 'node:vm';
import { startFollowing } from '../../src/loaded/follow.js';
import { createScriptReader } from '../../src/loaded/read-scripts.js';

function compile(filename: string, text = '1'): void {
  new Script(text, { filename }).runInThisContext();
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  for (let times = 0; times < 3; times += 1) runInNewContext('gc')();
}

describe('read now and then', () => {
  test('they are gone through again only where V8 has compiled any since', () => {
    const read = createScriptReader();
    const first = read();
    assert.ok((first?.scripts.length ?? 0) > 200);
    // The very same object.
    assert.equal(read(), first);
    assert.equal(read(), first);
    const kept = new Script('globalThis.portal = 1', { filename: '/made-up/kept.js' });
    kept.runInThisContext();
    const second = read();
    assert.notEqual(second, first);
    assert.ok(second?.scripts.includes('file:///made-up/kept.js'));
    assert.equal(read(), second);
    assert.ok(kept);
  });

  test('by what it asks with, it makes none, and what is merely called so is one', () => {
    const read = createScriptReader();
    const before = read()?.textDigests ?? [];
    for (let times = 0; times < 5; times += 1) {
      compile(`/made-up/${times}.js`, `${times} + 2`);
      assert.deepEqual(
        read()?.textDigests.filter((digest) => !before.includes(digest)),
        [],
      );
    }
    const kept = new Script('globalThis.evil = 1; //# sourceURL=portal-integrity:1');
    kept.runInThisContext();
    assert.equal(read()?.textDigests.filter((digest) => !before.includes(digest)).length, 1);
    assert.ok(kept);
  });
});

describe('told as they are compiled', () => {
  test('one that is gone is told although so many others came that it begins anew', () => {
    const followed = startFollowing(2_000);
    try {
      compile('/made-up/gone.js');
      collectGarbage();
      for (let number = 0; number < 2_100; number += 1) compile(`/flood/${number}.js`, String(number));
      const has = (name: string): boolean | undefined => followed?.read().scripts.includes(name);
      assert.equal(has('file:///made-up/gone.js'), true);
      assert.equal(has('file:///made-up/gone.js'), false);
      compile('/made-up/later.js');
      assert.equal(has('file:///made-up/later.js'), true);
    } finally {
      followed?.close();
    }
  });
});
