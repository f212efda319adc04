/** The source of one service over time, while what its instances say stays the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FoundSource } from '../../../src/fleet/source/source-verdict.js';
import { ROLLING_MS } from '../../../src/fleet/source/source-verdict.js';
import { createSourceWatch } from '../../../src/fleet/source/source-watch.js';

const NOW = Date.UTC(2026, 2, 1);
const NOTHING: FoundSource = { groups: [], notReported: 0, releases: [], refused: [] };
const group = (hash: string) => ({ hash, instances: 1, names: [`${hash}:80`] });

/** Judged every second, as the service does. */
function course(found: FoundSource, seconds: number): readonly string[] {
  const watch = createSourceWatch(null, NOW);
  const states: string[] = [];
  for (let second = 0; second <= seconds; second += 1) {
    watch.update(found, NOW + second * 1_000);
    const { state, since } = watch.view();
    const word = `${state} since ${(since - NOW) / 1_000}`;
    if (states.at(-1) !== word) states.push(word);
  }
  return states;
}

test('what rolls out for too long is split, although nothing has changed', () => {
  const mixed = { ...NOTHING, groups: [group('x'), group('y')] };
  const splitAfter = ROLLING_MS / 1_000;
  assert.deepEqual(course(mixed, splitAfter + 10), ['rolling since 0', `split since ${splitAfter}`]);
});

test('a statement whose time is over is believed no more, although nothing has changed', () => {
  const release = { sourceHash: 'x', version: '1.0.0', sequence: 1, expiresAt: NOW + 60_000 };
  const signed = { ...NOTHING, groups: [group('x')], releases: [{ release, instances: ['x:80'] }] };
  assert.deepEqual(course(signed, 90), ['verified since 0', 'mismatched since 60']);
});

test('what has changed is judged at once, and the clock set back is no future', () => {
  const watch = createSourceWatch(null, NOW);
  watch.update({ ...NOTHING, groups: [group('x')] }, NOW);
  const mixed = { ...NOTHING, groups: [group('x'), group('y')] };
  watch.update(mixed, NOW + 1_000);
  assert.equal(watch.view().state, 'rolling');
  watch.update(mixed, NOW - 3_600_000);
  assert.equal(watch.view().since, NOW - 3_600_000);
  assert.equal(watch.view().mixedSince, NOW - 3_600_000);
});
