import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Status } from 'portal-health';
import { createStatusDamper } from '../../../src/monitoring/alerts/status-damper.js';

const INTERVAL_MS = 1_000;

/** What has settled, one letter each interval; a dot: nothing has. */
function settledOf(letters: string, after = 2): string {
  const statuses = { h: 'healthy', d: 'degraded', u: 'unhealthy' } as const;
  const damper = createStatusDamper({ after, intervalMs: INTERVAL_MS });
  return letters
    .split('')
    .map((letter, index) => {
      damper.observe(
        statuses[letter as keyof typeof statuses] satisfies Status,
        1_000_000 + index * INTERVAL_MS,
      );
      return damper.settled()?.status.slice(0, 1) ?? '.';
    })
    .join('');
}

test('two in a row count, and a flap does not', () => {
  assert.equal(settledOf('huhuh'), '.....');
  assert.equal(settledOf('hhuuuhhh'), '.hhuuuhh');
  assert.equal(settledOf('uuhuhuhh'), '.uuuuuuh');
  assert.equal(settledOf('hhdduuddhh'), '.hhdduuuuh', 'it stays at its worst until it is well');
  assert.equal(settledOf('hhdudud'), '.hhdddd', 'never well is unwell, whatever it is');
});

test('one is enough when one is asked for; five are needed when five are', () => {
  assert.equal(settledOf('huh', 1), 'huh');
  assert.equal(settledOf('hhhhhuuuuu', 5), '....hhhhhu');
});
