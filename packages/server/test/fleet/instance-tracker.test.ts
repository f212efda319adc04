import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { forgetLoss, newInstance, track, type TrackedInstance } from '../../src/fleet/instance-tracker.js';
import type { Status } from 'portal-health';
import type { Observation } from '../../src/fleet/observation.js';

const DAMPING = { failureThreshold: 3, successThreshold: 3 };
const EVERY_MS = 10_000;

function says(health: Status, startedAtMs: number | null = null): Observation {
  return {
    kind: 'answered',
    isTokenWithheld: false,
    reading: { health, codes: health === 'healthy' ? [] : ['DATABASE_SLOW'], startedAtMs, sourceHash: null },
  };
}
const silent: Observation = { kind: 'failed', code: 'INSTANCE_TIMEOUT' };
const late: Observation = { kind: 'void' };

function after(observations: readonly Observation[], from = newInstance(0)): TrackedInstance {
  return observations.reduce(
    (instance, observation, index) => track(instance, observation, (index + 1) * EVERY_MS, DAMPING),
    from,
  );
}

describe('an instance', () => {
  test('is healthy from its first answer on', () => {
    const { state, since } = after([says('healthy'), says('healthy')]);
    assert.deepEqual([state, since], ['healthy', EVERY_MS]);
  });

  test('that never answered is new, and then unreachable', () => {
    assert.equal(after([silent, silent]).state, 'new');
    const { state, codes } = after([silent, silent, silent]);
    assert.deepEqual([state, codes], ['unreachable', ['INSTANCE_TIMEOUT']]);
  });

  test('worsens only after as many polls in a row as asked for', () => {
    const well = says('healthy');
    assert.equal(after([well, silent, silent, well, silent, silent]).state, 'healthy');
    assert.equal(after([well, silent, silent, silent]).state, 'unreachable');
    assert.equal(after([well, says('degraded'), says('unhealthy'), silent]).state, 'unreachable');
  });

  test('is not called down while the watcher itself may be cut off; the polls count all the same', () => {
    const doubted = [1, 2, 3, 4].reduce(
      (instance, poll) => track(instance, silent, (poll + 1) * EVERY_MS, DAMPING, true),
      after([says('healthy')]),
    );
    assert.equal(doubted.state, 'healthy');
    assert.equal(track(doubted, silent, 6 * EVERY_MS, DAMPING).state, 'unreachable');
    assert.equal(track(doubted, says('unhealthy'), 6 * EVERY_MS, DAMPING, true).state, 'unhealthy');
  });

  test('recovers only after as many polls in a row', () => {
    const lost = after([says('healthy'), silent, silent, silent]);
    assert.equal(
      after([says('healthy'), says('healthy'), silent, says('healthy')], lost).state,
      'unreachable',
    );
    assert.equal(after([says('healthy'), says('healthy'), says('healthy')], lost).state, 'healthy');
  });

  test('is not judged by a poll that was late itself', () => {
    const well = after([says('healthy')]);
    assert.equal(after([late, late, late, late], well), well);
    assert.equal(after([silent, late, silent, late, silent], well).state, 'unreachable');
  });

  test('keeps its codes while its state is kept', () => {
    const { state, codes } = after([says('degraded'), silent, silent]);
    assert.deepEqual([state, codes], ['degraded', ['DATABASE_SLOW']]);
  });

  test('starts again: once is none, three times in a quarter of an hour is trouble', () => {
    const findings = (starts: number): readonly string[] =>
      after(Array.from({ length: starts + 1 }, (_, run) => says('healthy', run * 1_000))).findings;
    assert.deepEqual(findings(1), []);
    assert.deepEqual(findings(2), []);
    assert.deepEqual(findings(3), ['INSTANCE_RESTARTING']);
  });

  test('has no past in the future once the clock was set back: neither its state, nor its loss, nor its restarts', () => {
    const starts = [1, 2, 3, 4].map((startedAtMs) => says('healthy', startedAtMs));
    const restarting = after(starts, newInstance(3_600_000));
    const lost = track({ ...restarting, since: 7_200_000, lostAt: 7_200_000 }, silent, 60_000, DAMPING);
    assert.deepEqual([lost.state, lost.since, lost.lostAt], ['healthy', 60_000, 60_000]);
    const later = track({ ...restarting, since: 0 }, says('healthy', 4), -3_600_000, DAMPING);
    assert.deepEqual([restarting.findings, later.findings], [['INSTANCE_RESTARTING'], []]);
  });

  test('restarts of long ago are forgotten', () => {
    const restarted = after([says('healthy', 1), says('healthy', 2), says('healthy', 3), says('healthy', 4)]);
    const quiet = track(restarted, says('healthy', 4), 20 * 60_000, DAMPING);
    assert.deepEqual(quiet.findings, []);
    // Also where the same was said all the time.
    const last = says('healthy', 4);
    const still = track(track(restarted, last, 6 * EVERY_MS, DAMPING), last, 20 * 60_000, DAMPING);
    assert.deepEqual(still.findings, []);
  });

  test('whose token is withheld, or no longer, is told so also where it says the same', () => {
    const sent = says('healthy', 1);
    const withheld = { ...sent, isTokenWithheld: true };
    assert.deepEqual(after([sent, withheld]).findings, ['INSTANCE_TOKEN_WITHHELD']);
    assert.deepEqual(after([sent, withheld, sent]).findings, []);
  });

  test('two at one address are told from restarts', () => {
    const { findings } = after([says('healthy', 1_000), says('healthy', 2_000), says('healthy', 1_000)]);
    assert.deepEqual(findings, ['FLEET_ADDRESS_SHARED']);
    const older = after([says('healthy', 2_000), says('healthy', 1_000), says('healthy', 2_000)]);
    assert.deepEqual(older.findings, ['FLEET_ADDRESS_SHARED']);
  });

  test('what was lost while the watcher was blind is forgotten', () => {
    const half = after([says('healthy'), silent, silent]);
    assert.equal(after([silent, silent], forgetLoss(half)).state, 'healthy');
  });

  test('that says the same again stands as if each poll were judged, also when time ends what was found', () => {
    const kinds = [
      says('healthy', 1_000),
      says('healthy', 2_000),
      says('degraded', 1_000),
      { ...says('healthy', 1_000), isTokenWithheld: true },
      silent,
      late,
    ];
    const step = fc.record({
      kind: fc.nat(kinds.length - 1),
      again: fc.integer({ min: 1, max: 4 }),
      passedMs: fc.constantFrom(EVERY_MS, 20 * 60_000, -60_000),
      isDoubted: fc.boolean(),
      isForgotten: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        let [told, judged] = [newInstance(0), newInstance(0)];
        let atMs = 0;
        for (const { kind, again, passedMs, isDoubted, isForgotten } of steps) {
          const observation = kinds[kind] ?? late;
          if (isForgotten) [told, judged] = [forgetLoss(told), forgetLoss(judged)];
          for (let poll = 0; poll < again; poll += 1) {
            atMs += passedMs;
            told = track(told, observation, atMs, DAMPING, isDoubted);
            judged = track(judged, structuredClone(observation), atMs, DAMPING, isDoubted);
            assert.deepEqual(told, judged);
          }
        }
      }),
    );
  });

  test('never changes its state by fewer polls than the thresholds ask for', () => {
    const observation = fc.constantFrom(says('healthy'), says('degraded'), says('unhealthy'), silent, late);
    fc.assert(
      fc.property(
        fc.array(observation, { maxLength: 40 }),
        fc.integer({ min: 2, max: 5 }),
        (list, threshold) => {
          const damping = { failureThreshold: threshold, successThreshold: threshold };
          let instance = newInstance(0);
          let judgedBefore = 0;
          for (const [index, one] of list.entries()) {
            const next = track(instance, one, index, damping);
            if (one.kind !== 'void') judgedBefore += 1;
            if (instance.state !== 'new' && next.state !== instance.state) {
              assert.ok(judgedBefore >= threshold);
              judgedBefore = 0;
            } else if (next.state !== instance.state) judgedBefore = 0;
            instance = next;
          }
        },
      ),
    );
  });
});
