/** What is kept of a tab: the latest answers, over a reload, and nothing once somebody has signed out. */
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type * as Kept from '../../src/api/kept.js';

/** As a browser has it, with room for so many characters. */
function createStorage(room = Number.POSITIVE_INFINITY) {
  const values = new Map<string, string>();
  return {
    getItem: (key: string) => values.get(key) ?? null,
    setItem(key: string, value: string) {
      if (value.length > room) throw new Error('QuotaExceededError');
      values.set(key, value);
    },
    removeItem: (key: string) => void values.delete(key),
  };
}

let storage = createStorage();
let leave: () => void = () => undefined;
let loads = 0;

beforeEach(() => {
  storage = createStorage();
});

/** Another load of the page in the same tab. */
async function load() {
  loads += 1;
  Object.assign(globalThis, {
    sessionStorage: storage,
    addEventListener: (_type: string, listener: () => void) => {
      leave = listener;
    },
  });
  const kept = (await import(`../../src/api/kept.js?load=${loads}`)) as typeof Kept;
  kept.keepOverReloads(() => undefined);
  return kept;
}

test('what was read is there after a reload, with when it was read', async () => {
  const first = await load();
  const before = Date.now();
  first.keep('/v1/admin/fleet', { fleet: 'prod' });
  leave();
  const second = await load();
  const found = second.keptOf<{ readonly fleet: string }>('/v1/admin/fleet');
  assert.deepEqual(found?.value, { fleet: 'prod' });
  assert.ok(found.atMs >= before && found.atMs <= Date.now());
});

test('who signs out leaves nothing, neither in memory nor for the next load', async () => {
  const first = await load();
  first.keep('page', { who: 'ada' });
  leave();
  first.forgetAll();
  assert.equal(first.keptOf('page'), undefined);
  assert.equal((await load()).keptOf('page'), undefined);
});

test('the oldest goes first, where there are many, and where they are long', async () => {
  const kept = await load();
  for (let number = 0; number < 50; number += 1) kept.keep(`view ${number}`, number);
  kept.keep('view 12', 'read again');
  assert.equal(kept.keptOf('view 9'), undefined);
  assert.equal(kept.keptOf('view 49')?.value, 49);
  kept.keep('long', 'x'.repeat(1_999_900));
  leave();
  const next = await load();
  assert.equal(next.keptOf<string>('long')?.value.length, 1_999_900);
  assert.equal(next.keptOf('view 20'), undefined, 'there is no room for all of it');
  assert.equal(kept.keptOf('view 20')?.value, 20);
});

test('a browser that keeps nothing, has no room, or has something else there, is no reason to fail', async () => {
  storage = createStorage(10);
  const full = await load();
  full.keep('page', 'more than ten characters');
  leave();
  storage.setItem('portal.kept', '{broken');
  const kept = await load();
  assert.equal(kept.keptOf('page'), undefined);
  Object.defineProperty(globalThis, 'sessionStorage', {
    configurable: true,
    get: () => {
      throw new Error('SecurityError');
    },
  });
  loads += 1;
  const none = (await import(`../../src/api/kept.js?load=${loads}`)) as typeof Kept;
  none.keep('page', 1);
  none.forgetAll();
  assert.equal(none.keptOf('page'), undefined);
});
