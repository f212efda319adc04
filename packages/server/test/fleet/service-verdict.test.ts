import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  countStates,
  INSTANCE_STATES,
  judgeService,
  worstOf,
  type Amount,
  type Expectation,
  type InstanceCounts,
} from '../../src/fleet/service-verdict.js';

const states = fc.array(fc.constantFrom(...INSTANCE_STATES), { maxLength: 60 });
const amount: fc.Arbitrary<Amount> = fc.oneof(
  fc.record({ count: fc.nat(80) }),
  fc.record({ percent: fc.nat(100) }),
);
const expectation: fc.Arbitrary<Expectation> = fc.record(
  { instances: fc.nat(60), usable: amount, tolerate: amount },
  { requiredKeys: ['instances'] },
);

function counts(given: Partial<InstanceCounts>): InstanceCounts {
  return { ...countStates([]), ...given };
}

describe('the verdict of a service', () => {
  for (const { what, given, expect, tooFew = false, status } of [
    { what: 'all healthy', given: { healthy: 3 }, expect: { instances: 3 }, status: 'healthy' },
    {
      what: 'one of three lost',
      given: { healthy: 2, unreachable: 1 },
      expect: { instances: 3 },
      status: 'degraded',
    },
    {
      what: 'two of three lost',
      given: { healthy: 1, unreachable: 2 },
      expect: { instances: 3 },
      status: 'unhealthy',
    },
    { what: 'nothing judged yet', given: { new: 3 }, expect: { instances: 3 }, status: 'unknown' },
    { what: 'nothing seen', given: { unknown: 3 }, expect: { instances: 3 }, status: 'unknown' },
    { what: 'nothing listed', given: {}, expect: { instances: 0 }, status: 'unhealthy' },
    { what: 'all gone', given: { gone: 3 }, expect: { instances: 3 }, tooFew: true, status: 'unhealthy' },
    {
      what: 'too few listed',
      given: { healthy: 2 },
      expect: { instances: 3 },
      tooFew: true,
      status: 'degraded',
    },
    {
      what: '1 of 20 unwell, 5 % tolerated',
      given: { healthy: 19, unhealthy: 1 },
      expect: { instances: 20 },
      status: 'healthy',
    },
    {
      what: '2 of 20 unwell',
      given: { healthy: 18, unhealthy: 2 },
      expect: { instances: 20 },
      status: 'degraded',
    },
    {
      what: 'degraded ones are usable',
      given: { degraded: 3 },
      expect: { instances: 3 },
      status: 'degraded',
    },
    {
      what: 'half of three is two',
      given: { healthy: 1, new: 1, unreachable: 1 },
      expect: { instances: 3 },
      status: 'unknown',
    },
  ] as const) {
    test(`${what}: ${status}`, () => {
      assert.equal(judgeService(counts(given), expect, tooFew).status, status);
    });
  }

  test('is total, and never healthy with fewer usable instances than needed', () => {
    fc.assert(
      fc.property(states, expectation, fc.boolean(), (list, expect, tooFew) => {
        const of = countStates(list);
        const { status, usable, need, tolerated, listed } = judgeService(of, expect, tooFew);
        assert.equal(listed, list.filter((state) => state !== 'gone').length);
        assert.ok(need >= 1);
        if (status === 'healthy') {
          assert.ok(usable >= need && !tooFew);
          assert.ok(of.degraded + of.unhealthy + of.unreachable <= tolerated);
        }
        if (usable === 0) assert.ok(status === 'unhealthy' || status === 'unknown');
      }),
    );
  });

  test('never improves when an instance that was healthy is lost', () => {
    const order = ['healthy', 'degraded', 'unknown', 'unhealthy'];
    fc.assert(
      fc.property(states, expectation, fc.boolean(), (list, expect, tooFew) => {
        const before = judgeService(countStates(['healthy', ...list]), expect, tooFew);
        const after = judgeService(countStates(['unreachable', ...list]), expect, tooFew);
        assert.ok(order.indexOf(after.status) >= order.indexOf(before.status));
      }),
    );
  });

  test('the fleet is as bad as its worst service', () => {
    assert.equal(worstOf(['healthy', 'unknown', 'degraded']), 'degraded');
    assert.equal(worstOf(['healthy', 'unknown']), 'unknown');
    assert.equal(worstOf([]), 'healthy');
  });
});
