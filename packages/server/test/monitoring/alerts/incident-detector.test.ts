import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Status } from 'portal-health';
import { createIncidentDetector, type Incident } from '../../../src/monitoring/alerts/incident-detector.js';

const INTERVAL_MS = 1_000;

/** What is detected in statuses one interval apart. */
function transitionsOf(statuses: readonly Status[], after = 2): string[] {
  const judge = createIncidentDetector({ after, intervalMs: INTERVAL_MS });
  let incident: Incident | undefined;
  return statuses.flatMap((status, index) => {
    const turn = judge.detect(status, incident, 1_000_000 + index * INTERVAL_MS);
    if (!turn) return [];
    incident =
      turn.type === 'ended' ? undefined : { id: 'one', status: turn.status, since: String(turn.since) };
    return [
      `${turn.type}${turn.type === 'ended' ? '' : ` ${turn.status}`} ${(turn.since - 1_000_000) / 1_000}`,
    ];
  });
}

const [H, D, U]: readonly Status[] = ['healthy', 'degraded', 'unhealthy'] as const;
assert.ok(H && D && U);

test('two in a row count, and what counts began with the first of them', () => {
  assert.deepEqual(transitionsOf([H, U, H, U, H]), []);
  assert.deepEqual(transitionsOf([H, U, U, U, H, H, H]), ['began unhealthy 1', 'ended 4']);
  assert.deepEqual(
    transitionsOf([U, U, H, U, H, U, H, H]),
    ['began unhealthy 0', 'ended 6'],
    'a flap ends nothing',
  );
  assert.deepEqual(transitionsOf([H, D, D, U, U, D, D, H, H]), [
    'began degraded 1',
    'worsened unhealthy 3',
    'ended 7',
  ]);
  assert.deepEqual(
    transitionsOf([D, U, D, U, D]),
    ['began degraded 0'],
    'never well is an incident, whatever it is',
  );
});

test('one is enough when one is asked for; five are needed when five are', () => {
  assert.deepEqual(transitionsOf([H, U, H], 1), ['began unhealthy 1', 'ended 2']);
  assert.deepEqual(transitionsOf([U, U, U, U, H, U, U, U, U, U], 5), ['began unhealthy 5']);
});

test('whatever happens, an incident begins once and ends once, in turns', () => {
  const statuses = fc.array(fc.constantFrom(H, D, U), { maxLength: 60 });
  fc.assert(
    fc.property(statuses, fc.integer({ min: 1, max: 4 }), (seen, after) => {
      const words = transitionsOf(seen, after).map((line) => line.split(' ')[0]);
      const turns = words.filter((word) => word !== 'worsened');
      for (const [index, word] of turns.entries()) assert.equal(word, index % 2 === 0 ? 'began' : 'ended');
      assert.ok(words.every((word, index) => word !== 'worsened' || words[index - 1] === 'began'));
    }),
  );
});
