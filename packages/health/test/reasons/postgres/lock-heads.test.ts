import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LockLink } from '../../../src/reasons/postgres/activity-answer.js';
import { headsOf } from '../../../src/reasons/postgres/lock-heads.js';

/** `1<2` reads: 1 waits for 2. */
function linksOf(...texts: readonly string[]): readonly LockLink[] {
  return texts.map((text) => {
    const [pid = '', blockers = ''] = text.split('<');
    return { pid: Number(pid), waitsMs: null, blockers: blockers.split(',').filter(Boolean).map(Number) };
  });
}

test('the head of a chain is the session that waits for nobody, however many hops away', () => {
  assert.deepEqual(headsOf(linksOf('1<2', '3<2', '2<9')), [{ pid: 9, waiters: 3 }]);
  const chain = Array.from({ length: 16 }, (_, index) => `${index + 1}<${index + 2}`);
  assert.equal(headsOf(linksOf(...chain))[0]?.waiters, 16);
});

test('0 is a prepared transaction, and several blockers may lead to several heads', () => {
  assert.deepEqual(headsOf(linksOf('1<0')), [{ pid: 0, waiters: 1 }]);
  assert.deepEqual(
    headsOf(linksOf('1<7,8', '2<8', '8<')).map(({ pid, waiters }) => [pid, waiters]),
    [
      [8, 2],
      [7, 1],
    ],
  );
});

test('sessions that wait for each other have no head, whoever waits for them', () => {
  assert.deepEqual(headsOf(linksOf('1<2', '2<1', '3<1')), []);
  assert.deepEqual(headsOf(linksOf('1<1')), []);
});

/** Small and reproducible: the numbers of a test that fails are those of the next run. */
function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state % below;
  };
}

test('of any graph: it ends, at most 8 heads, none of them waits, and each has a waiter', () => {
  for (let seed = 1; seed <= 2_000; seed += 1) {
    const random = createRandom(seed);
    const size = 1 + random(64);
    const links = Array.from({ length: size }, () => ({
      pid: random(40),
      waitsMs: null,
      blockers: Array.from({ length: random(5) }, () => random(40)),
    }));
    const blockersOf = new Map(links.toReversed().map(({ pid, blockers }) => [pid, blockers]));
    const heads = headsOf(links);
    assert.ok(heads.length <= 8);
    for (const { pid, waiters } of heads) {
      assert.equal((blockersOf.get(pid) ?? []).length, 0, `seed ${seed}: ${pid} waits itself`);
      assert.ok(waiters >= 1 && waiters <= size);
    }
    const isAcyclicRoot = [...blockersOf.values()].some((blockers) =>
      blockers.some((blocker) => (blockersOf.get(blocker) ?? []).length === 0),
    );
    assert.equal(heads.length > 0, isAcyclicRoot, `seed ${seed}`);
  }
});
