import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Effect } from '../src/problems.js';
import type { State } from '../src/types.js';
import { isUp, stateOf, verdict, type VerdictInput } from '../src/verdict.js';

const state = fc.constantFrom<State>('up', 'slow', 'limited', 'down', 'stale');
const component = fc.record({ critical: fc.boolean(), state });
const effect = fc.constantFrom<Effect>('explains', 'degrades', 'fails');
const anything = [fc.array(component), fc.array(effect)] as const;

const SEVERITY = { healthy: 0, degraded: 1, unhealthy: 2 };
const up: VerdictInput = { critical: true, state: 'up' };

test('the published table, row by row', () => {
  const rows: [VerdictInput[], Effect[], string][] = [
    [[{ critical: true, state: 'down' }], [], 'unhealthy'],
    [[{ critical: true, state: 'stale' }], [], 'unhealthy'],
    [[{ critical: true, state: 'limited' }], [], 'degraded'],
    [[{ critical: true, state: 'limited' }], ['fails'], 'unhealthy'],
    [[{ critical: false, state: 'limited' }], [], 'degraded'],
    [[{ critical: true, state: 'slow' }], [], 'degraded'],
    [[up, { critical: false, state: 'down' }], [], 'degraded'],
    [[up, { critical: false, state: 'slow' }], [], 'degraded'],
    [[up, { critical: false, state: 'stale' }], [], 'degraded'],
    [[up], ['degrades'], 'degraded'],
    [[up], ['fails'], 'unhealthy'],
    [[up], ['explains'], 'healthy'],
    [[up, { critical: false, state: 'up' }], [], 'healthy'],
    [[], [], 'healthy'],
  ];
  for (const [parts, effects, expected] of rows) {
    assert.equal(verdict(parts, effects), expected, JSON.stringify({ parts, effects }));
  }
});

test('a critical part that is down or stale is unhealthy, whatever else holds', () => {
  fc.assert(
    fc.property(...anything, fc.constantFrom<State>('down', 'stale'), (parts, effects, broken) => {
      assert.equal(verdict([...parts, { critical: true, state: broken }], effects), 'unhealthy');
    }),
  );
});

test('healthy means that every part is up and no finding counts', () => {
  fc.assert(
    fc.property(...anything, (parts, effects) => {
      const nothingWrong =
        parts.every((one) => one.state === 'up') && effects.every((one) => one === 'explains');
      assert.equal(verdict(parts, effects) === 'healthy', nothingWrong);
    }),
  );
});

test('neither order nor repetition matters, and more trouble never improves the status', () => {
  fc.assert(
    fc.property(...anything, component, effect, (parts, effects, morePart, moreEffect) => {
      const status = verdict(parts, effects);
      assert.equal(verdict(parts.toReversed(), effects.toReversed()), status);
      assert.equal(verdict([...parts, ...parts], [...effects, ...effects]), status);
      assert.ok(SEVERITY[verdict([...parts, morePart], effects)] >= SEVERITY[status]);
      assert.ok(SEVERITY[verdict(parts, [...effects, moreEffect])] >= SEVERITY[status]);
    }),
  );
});

test('no non-critical part alone makes the status unhealthy', () => {
  fc.assert(
    fc.property(fc.array(state), (states) => {
      const parts = states.map((one) => ({ critical: false, state: one }));
      assert.notEqual(verdict(parts, ['degrades', 'explains']), 'unhealthy');
    }),
  );
});

test('two witnesses: only a pool that is complete and served speaks for a database that is found down', () => {
  const evidence = fc.option(fc.record({ complete: fc.boolean(), served: fc.boolean() }), { nil: undefined });
  fc.assert(
    fc.property(state, evidence, (found, pool) => {
      const speaks = found === 'down' && pool?.complete === true && pool.served;
      assert.equal(stateOf(found, pool), speaks ? 'limited' : found);
      assert.equal(isUp(stateOf(found, pool)), speaks || isUp(found), 'it never speaks against it');
    }),
  );
});

test('every combination of what can be found has a status, and no pool makes it worse', () => {
  const found = fc.constantFrom<State>('up', 'slow', 'down', 'stale');
  fc.assert(
    fc.property(found, fc.boolean(), ...anything, (one, critical, parts, effects) => {
      const alone = verdict([...parts, { critical, state: stateOf(one) }], effects);
      const withPool = { critical, state: stateOf(one, { complete: true, served: true }) };
      assert.ok(SEVERITY[verdict([...parts, withPool], effects)] <= SEVERITY[alone]);
    }),
  );
});
