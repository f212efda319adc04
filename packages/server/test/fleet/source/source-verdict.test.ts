import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  judgeSource,
  ROLLING_MS,
  SOURCE_STATES,
  type FoundSource,
  type Release,
  type ShownRelease,
} from '../../../src/fleet/source/source-verdict.js';

const NOW = Date.UTC(2026, 2, 1);
const LATER = NOW + 86_400_000;

/** `h7` is what was signed with sequence 7. */
function release(sequence: number, sourceHash = `h${sequence}`, expiresAt = LATER): Release {
  return { sourceHash, sequence, version: `1.${sequence}.0`, expiresAt };
}

function shown(sequence: number, instances: readonly (string | null)[] = ['a:1']): ShownRelease {
  return { release: release(sequence), instances };
}

/** @param hashes - of each instance; `null`: not reported */
function found(hashes: readonly (string | null)[], more: Partial<FoundSource> = {}): FoundSource {
  const names = new Map<string, string[]>();
  for (const [index, one] of hashes.entries()) {
    if (one !== null) names.set(one, [...(names.get(one) ?? []), `i${index}:80`]);
  }
  const groups = [...names].map(([of, all]) => ({ hash: of, instances: all.length, names: all }));
  const notReported = hashes.filter((one) => one === null).length;
  return { groups, notReported, releases: [], refused: [], ...more };
}

describe('the source of a service', () => {
  for (const [what, given, state, matching, odd] of [
    ['nobody reports one', found([null, null], { releases: [shown(7)] }), 'not_reported', 0, []],
    ['nothing is listed', found([]), 'not_reported', 0, []],
    ['all run the release', found(['h7', 'h7'], { releases: [shown(7)] }), 'verified', 2, []],
    ['by a statement at the watcher', found(['h7'], { releases: [shown(7, [null])] }), 'verified', 1, []],
    ['one does not report', found(['h7', null], { releases: [shown(7)] }), 'verified', 1, []],
    ['equal, and nobody signed it', found(['x', 'x']), 'agreed', 2, []],
    ['one alone, and nobody signed it', found(['x']), 'agreed', 1, []],
    [
      'some run the release before',
      found(['h7', 'h7', 'h8'], { releases: [shown(7), shown(8)] }),
      'rolling',
      1,
      ['i0:80', 'i1:80'],
    ],
    ['two, and nobody signed either', found(['x', 'x', 'y']), 'rolling', 2, ['i2:80']],
    ['one was edited', found(['h7', 'h7', 'x'], { releases: [shown(7)] }), 'mismatched', 2, ['i2:80']],
    ['what was signed for nobody runs', found(['x'], { releases: [shown(7)] }), 'mismatched', 0, ['i0:80']],
    [
      'one was edited in a rollout',
      found(['h7', 'h8', 'x'], { releases: [shown(7), shown(8)] }),
      'mismatched',
      1,
      ['i0:80', 'i2:80'],
    ],
    [
      'two were signed with one sequence',
      found(['h7', 'x'], { releases: [shown(7), { release: release(7, 'x'), instances: ['b:1'] }] }),
      'mismatched',
      1,
      ['i1:80'],
    ],
    [
      'one shows a forged statement',
      found(['h7', 'h7'], { releases: [shown(7)], refused: [{ instance: 'i1:80', code: 'E_SIGNATURE' }] }),
      'mismatched',
      2,
      ['i1:80'],
    ],
    [
      'one that reports nothing shows a forged one',
      found([null], { refused: [{ instance: 'i0:80', code: 'E_SIGNATURE' }] }),
      'mismatched',
      0,
      ['i0:80'],
    ],
    [
      'the statement at the watcher is forged',
      found(['h7'], { refused: [{ instance: null, code: 'E_SIGNATURE' }] }),
      'mismatched',
      1,
      [],
    ],
    [
      'the time of the release is over',
      found(['h7'], { releases: [{ release: release(7, 'h7', NOW), instances: ['i0:80'] }] }),
      'mismatched',
      1,
      ['i0:80'],
    ],
  ] as readonly (readonly [string, FoundSource, string, number, readonly string[]])[]) {
    test(`${what}: ${state}`, () => {
      const verdict = judgeSource(given, null, NOW);
      assert.equal(verdict.state, state);
      assert.equal(verdict.matching, matching);
      assert.deepEqual(verdict.odd.toSorted(), odd);
    });
  }

  test('rolls for 15 minutes, is split afterwards, and rolls anew the next time', () => {
    const mixed = found(['h7', 'h8'], { releases: [shown(7), shown(8)] });
    const first = judgeSource(mixed, null, NOW);
    assert.equal(first.mixedSince, NOW);
    assert.equal(judgeSource(mixed, NOW, NOW + ROLLING_MS - 1).state, 'rolling');
    assert.equal(judgeSource(mixed, NOW, NOW + ROLLING_MS).state, 'split');
    const whole = judgeSource(found(['h8'], { releases: [shown(8)] }), NOW, NOW + ROLLING_MS);
    assert.equal(whole.mixedSince, null);
    assert.equal(judgeSource(mixed, whole.mixedSince, NOW + ROLLING_MS).state, 'rolling');
    // A clock that was set back makes nothing older than it is.
    assert.equal(judgeSource(mixed, NOW + 5_000, NOW).mixedSince, NOW);
  });
});

const hash = fc.option(fc.constantFrom('h1', 'h2', 'h3', 'x', 'y'), { nil: null });
const hashes = fc.array(hash, { maxLength: 20 });
const releases = fc.array(
  fc
    .record({
      sequence: fc.integer({ min: 1, max: 3 }),
      expiresAt: fc.constantFrom(LATER, NOW - 1),
      instances: fc.constantFrom(['a:1'], [null]),
    })
    .map(({ sequence, expiresAt, instances }) => ({
      release: release(sequence, undefined, expiresAt),
      instances,
    })),
  { maxLength: 5 },
);
const refused = fc.array(fc.constant({ instance: 'a:1', code: 'E_SIGNATURE' }), { maxLength: 1 });
const mixedSince = fc.option(fc.integer({ min: NOW - 2 * ROLLING_MS, max: NOW }), { nil: null });
const anything = fc
  .record({ hashes, releases, refused, mixedSince })
  .map(({ hashes: of, mixedSince: since, ...more }) => ({ source: found(of, more), since }));

describe('the source of any service', () => {
  test('has one of the states, which means what it says', () => {
    fc.assert(
      fc.property(anything, ({ source, since }) => {
        const verdict = judgeSource(source, since, NOW);
        const { state, matching, reported, release: expected, groups } = verdict;
        assert.ok(SOURCE_STATES.includes(state));
        assert.ok(matching <= reported);
        if (state === 'verified') {
          assert.equal(groups.length, 1);
          assert.equal(groups[0]?.hash, expected?.sourceHash);
          assert.ok(expected && expected.expiresAt > NOW);
        }
        if (state === 'agreed') assert.ok(expected === null && groups.length === 1);
        if (state === 'verified' || state === 'agreed') assert.ok(matching === reported && reported > 0);
        if (state === 'not_reported') assert.equal(reported, 0);
        if (state === 'rolling' || state === 'split')
          assert.ok(matching < reported && verdict.odd.length > 0);
        const isTold = verdict.refused.length > 0 || groups.some(({ kind }) => kind === 'other');
        assert.equal(state === 'mismatched', isTold);
      }),
    );
  });

  test('is the same whatever does not report, and in whichever order it is found', () => {
    fc.assert(
      fc.property(anything, fc.nat(5), ({ source, since }, more) => {
        const before = judgeSource(source, since, NOW);
        const after = judgeSource(
          {
            ...source,
            notReported: source.notReported + more,
            groups: source.groups.toReversed(),
            releases: source.releases.toReversed(),
          },
          since,
          NOW,
        );
        assert.equal(after.state, before.state);
        assert.equal(after.matching, before.matching);
        assert.equal(after.release?.sourceHash, before.release?.sourceHash);
      }),
    );
  });

  test('is never well because of an instance that runs what nobody signed', () => {
    fc.assert(
      fc.property(anything, ({ source, since }) => {
        const evil = { hash: 'evil', instances: 1, names: ['evil:1'] };
        const verdict = judgeSource({ ...source, groups: [...source.groups, evil] }, since, NOW);
        if (verdict.release) assert.equal(verdict.state, 'mismatched');
        if (source.groups.length > 0) assert.ok(!['verified', 'agreed'].includes(verdict.state));
        if (verdict.release) assert.ok(verdict.odd.includes('evil:1'));
      }),
    );
  });
});
