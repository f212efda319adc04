import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPolledInstances, type PolledInstances } from '../../src/fleet/instance-list.js';
import type { Observation } from '../../src/fleet/observation.js';
import { countStates, STATE_LETTERS } from '../../src/fleet/service-verdict.js';

const SEEING = { isBlind: false, answeredAt: Number.POSITIVE_INFINITY, windowMs: 0 };

const HASHES = ['a'.repeat(64), 'b'.repeat(64), null];
const DAMPING = { failureThreshold: 2, successThreshold: 2 };

/** The same numbers in every run. */
function createRandom(): (below: number) => number {
  let seed = 7;
  return (below) => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
}

function observationOf(random: (below: number) => number): Observation {
  const kind = random(8);
  if (kind === 0) return { kind: 'void' };
  if (kind === 1) return { kind: 'failed', code: random(2) === 0 ? 'INSTANCE_TIMEOUT' : 'INSTANCE_REFUSED' };
  return {
    kind: 'answered',
    isTokenWithheld: random(10) === 0,
    reading: {
      health: (['healthy', 'degraded', 'unhealthy'] as const)[random(3)] ?? 'healthy',
      codes: random(2) === 0 ? [] : [`CODE_${'ABC'[random(3)]}`],
      startedAtMs: random(3) * 1_000,
      sourceHash: HASHES[random(3)] ?? null,
    },
  };
}

/** What is kept must be what the instances themselves say, one by one. */
function assertAsListed(instances: PolledInstances): void {
  for (const isBlind of [false, true]) {
    const views = instances.view(isBlind);
    const listed = views.filter(({ state }) => state !== 'gone');
    assert.deepEqual(instances.counts(isBlind), countStates(views.map(({ state }) => state)));
    const sorted = views.toSorted((a, b) => (a.instance < b.instance ? -1 : 1));
    assert.equal(instances.cells(isBlind), sorted.map(({ state }) => STATE_LETTERS[state]).join(''));
    const codes = new Set(listed.flatMap((view) => view.codes));
    assert.deepEqual(new Set(instances.codes(isBlind)), codes);
    assert.equal(instances.listed(), listed.length);
    const hashes = listed.flatMap(({ sourceHash }) => sourceHash ?? []);
    const { groups, notReported } = instances.source();
    const counted = Object.fromEntries(
      groups.map(({ hash, instances: count, names }) => [hash, [count, names.length]]),
    );
    const expected = Object.fromEntries(
      [...new Set(hashes)].map((hash) => {
        const count = hashes.filter((one) => one === hash).length;
        return [hash, [count, count]];
      }),
    );
    assert.deepEqual(counted, expected);
    assert.equal(notReported, listed.length - hashes.length);
  }
  const unwell = instances
    .view(false)
    .filter(({ state }) => ['degraded', 'unhealthy', 'unreachable'].includes(state));
  assert.deepEqual(
    instances.unwell().map(({ instance, state, since }) => ({ instance, state, since })),
    unwell.map(({ instance, state, since }) => ({ instance, state, since })),
  );
}

test('whatever happens to instances, all that is said of them together is what each of them says', () => {
  const random = createRandom();
  const instances = createPolledInstances('http', DAMPING);
  const names = Array.from({ length: 8 }, (_, index) => `10.0.0.${index}:80`);
  const told = new Map<string, string>();
  let list: readonly string[] = [];
  for (let step = 0; step < 2_000; step += 1) {
    const nowMs = 1_000_000 + step * 10_000;
    const what = random(20);
    if (what === 0) {
      // The same list again is the same array.
      if (random(3) > 0) list = names.filter(() => random(4) > 0);
      instances.replace(list, nowMs);
      const listed = instances.view(false).filter(({ state }) => state !== 'gone');
      assert.deepEqual(listed.map(({ instance }) => instance).toSorted(), list);
    } else if (what === 1) instances.cut(random(8));
    else if (what === 2) instances.forgetLosses();
    else if (what === 3) instances.age(nowMs);
    else {
      const key = names[random(8)] ?? '';
      instances.polled(key, { key, atMs: nowMs, durationMs: 5, observation: observationOf(random) }, SEEING);
    }
    assertAsListed(instances);
    // One that was left out is told of as new when it comes back.
    const shown = new Set(instances.view(false).map(({ instance }) => instance));
    for (const instance of told.keys()) if (!shown.has(instance)) told.delete(instance);
    if (random(3) > 0) continue;
    for (const { instance, from, to } of instances.takeChanges(nowMs)) {
      assert.equal(told.get(instance) ?? null, from);
      told.set(instance, to);
    }
    for (const { instance, state } of instances.view(false)) assert.equal(told.get(instance), state);
  }
});

test('a list that has not changed is none that must be planned for', () => {
  const instances = createPolledInstances('http', DAMPING);
  assert.equal(instances.replace(['a:1', 'b:1'], 1_000), true);
  assert.equal(instances.replace(['b:1', 'a:1', 'b:1'], 2_000), false);
  assert.equal(instances.replace(['https://a:1', 'b:1'], 3_000), true);
  assert.equal(instances.replace(['b:1'], 4_000), true);
  assert.equal(instances.replace(['b:1'], 5_000), false);
  assert.equal(instances.replace(['a:1', 'b:1'], 6_000), true);
});

test('those that answer are seen together, those that are lost one by one', () => {
  const instances = createPolledInstances('http', DAMPING);
  instances.replace(['a:1', 'b:1', 'c:1', 'd:1'], 1_000);
  const answered: Observation = {
    kind: 'answered',
    isTokenWithheld: false,
    reading: { health: 'healthy', codes: [], startedAtMs: null, sourceHash: null },
  };
  const poll = (key: string, atMs: number, observation: Observation): void =>
    instances.polled(key, { key, atMs, durationMs: 5, observation }, SEEING);
  poll('a:1', 2_000, answered);
  poll('b:1', 3_000, answered);
  poll('c:1', 2_500, answered);
  poll('c:1', 3_500, { kind: 'failed', code: 'INSTANCE_TIMEOUT' });
  poll('d:1', 3_500, { kind: 'failed', code: 'INSTANCE_TIMEOUT' });
  assert.deepEqual(instances.seen(), [
    { answeredAt: 2_500, lostAt: 3_500 },
    { answeredAt: 3_000, lostAt: null, instances: 2 },
  ]);
  // Of one that says the same again it is known that it has answered.
  poll('b:1', 6_000, answered);
  assert.deepEqual(instances.seen().at(-1), { answeredAt: 6_000, lostAt: null, instances: 2 });
  assert.equal(instances.view(false)[1]?.answeredAt, 6_000);
});
