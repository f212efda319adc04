import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { judgeSight, SEEING, type Seen } from '../../src/fleet/sight.js';

const WINDOW_MS = 13_000;
const NOW_MS = 1_000_000;

function seen(service: string, lostAt: number | null, answeredAt: number | null = NOW_MS - 20_000): Seen {
  return { service, answeredAt, lostAt, windowMs: WINDOW_MS };
}
const lost = (service: string): Seen => seen(service, NOW_MS - 5_000);
const well = (service: string): Seen => seen(service, null);

function isBlind(instances: readonly Seen[], reach?: boolean): boolean {
  return judgeSight(SEEING, instances, NOW_MS, reach).blindSince !== null;
}

describe('without an address that must answer', () => {
  test('everything lost at once is blindness', () => {
    assert.ok(isBlind([lost('a'), lost('b'), lost('b')]));
  });

  test('a part is an outage, and so is one service, or two instances', () => {
    assert.ok(!isBlind([lost('a'), lost('b'), well('b')]));
    assert.ok(!isBlind([lost('a'), lost('a'), lost('a')]));
    assert.ok(!isBlind([lost('a'), lost('b')]));
    assert.ok(!isBlind([]));
  });

  test('several that are told as one count as several, and none as nothing', () => {
    assert.ok(!isBlind([lost('a'), lost('b'), lost('b'), { ...well('c'), instances: 900 }]));
    assert.ok(isBlind([lost('a'), lost('b'), lost('b'), { ...well('c'), instances: 0 }]));
  });

  test('what was lost before, or never answered, is not counted', () => {
    const before = seen('c', NOW_MS - 60_000);
    const never = seen('c', NOW_MS - 5_000, null);
    assert.ok(isBlind([lost('a'), lost('b'), lost('b'), before, never]));
    assert.ok(!isBlind([lost('a'), lost('b'), before, never]));
  });

  test('ends with the first answer, or after two minutes as an outage', () => {
    const all = [lost('a'), lost('b'), lost('b')];
    const blind = judgeSight(SEEING, all, NOW_MS, undefined);
    assert.equal(judgeSight(blind, all, NOW_MS + 119_000, undefined), blind);
    const answered = [seen('a', null, NOW_MS + 1), lost('b'), lost('b')];
    assert.deepEqual(judgeSight(blind, answered, NOW_MS + 2_000, undefined), SEEING);
    const outage = judgeSight(blind, all, NOW_MS + 120_000, undefined);
    assert.deepEqual(outage, { blindSince: null, hasGivenUp: true });
    assert.equal(judgeSight(outage, all, NOW_MS + 130_000, undefined), outage);
  });

  test('does not outlast a clock that was set back meanwhile by an hour', () => {
    const backMs = NOW_MS - 3_600_000;
    const before = [seen('a', null, NOW_MS - 1_000), lost('b'), lost('b')];
    const blind = { blindSince: NOW_MS, hasGivenUp: false };
    const still = judgeSight(blind, before, backMs, undefined);
    assert.deepEqual(still, { blindSince: backMs, hasGivenUp: false });
    const answered = [seen('a', null, backMs + 500), lost('b'), lost('b')];
    assert.deepEqual(judgeSight(still, answered, backMs + 1_000, undefined), SEEING);
    assert.equal(judgeSight(still, before, backMs + 120_000, undefined).hasGivenUp, true);
  });
});

describe('with an address that must answer', () => {
  const part = [
    ...Array.from({ length: 7 }, (_, i) => well(i % 2 ? 'a' : 'b')),
    lost('a'),
    lost('b'),
    lost('b'),
  ];

  test('a third of ten is enough, when it does not answer either', () => {
    assert.ok(isBlind(part, false));
    assert.ok(!isBlind(part, true));
  });

  test('everything lost is an outage while it answers', () => {
    assert.ok(!isBlind([lost('a'), lost('b'), lost('b')], true));
  });

  test('ends when it answers, and not before', () => {
    const blind = judgeSight(SEEING, part, NOW_MS, false);
    assert.equal(judgeSight(blind, part, NOW_MS + 600_000, false), blind);
    assert.deepEqual(judgeSight(blind, part, NOW_MS + 600_000, true), SEEING);
  });
});
