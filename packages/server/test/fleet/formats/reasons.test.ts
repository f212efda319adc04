import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { REASON_CODES } from 'portal-health';
import { NOT_SHOWABLE } from 'portal-shared/vet-name';
import { reasonsIn } from '../../../src/fleet/formats/reasons.js';

const NOW_MS = Date.parse('2026-03-01T12:00:00Z');
const read = (...reasons: readonly unknown[]) => reasonsIn(JSON.stringify({ reasons }), NOW_MS);

describe('the reasons of an instance', () => {
  test('are codes, numbers, times and names that can be shown, and no sentence', () => {
    const reasons = read({
      code: 'LOCK_QUEUE',
      explains: 'DATABASE_TIMEOUT',
      sentence: '14 sessions wait <script>',
      next: 'planted',
      checked_at: '2026-03-01T11:59:58.120Z',
      age_ms: 2,
      figures: {
        sessions: 14,
        longest_ms: null,
        application: 'worker',
        role: 'password:hunter2hunter2',
        label: '<b>bold</b>',
        nested: { sql: 'select planted' },
        'SELECT 1': 1,
      },
    });
    assert.deepEqual(reasons, [
      {
        code: 'LOCK_QUEUE',
        explains: 'DATABASE_TIMEOUT',
        checkedAt: Date.parse('2026-03-01T11:59:58.120Z'),
        figures: {
          sessions: 14,
          longest_ms: null,
          application: 'worker',
          role: NOT_SHOWABLE,
          label: NOT_SHOWABLE,
          nested: null,
        },
      },
    ]);
  });

  test('of no catalogue are none, and so is what explains no problem, or was seen in the future', () => {
    assert.deepEqual(read({ code: 'MOON_FULL' }, { code: 'toString' }, 7, null), []);
    assert.deepEqual(
      read({ code: 'LOCK_QUEUE', explains: 'toString', checked_at: '2126-01-01T00:00:00Z', figures: [1] }),
      [{ code: 'LOCK_QUEUE', explains: null, checkedAt: null, figures: {} }],
    );
  });

  test('are sixteen at most, of 32 figures each', () => {
    const figures = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`figure_${index}`, index]));
    const reasons = read(...Array.from({ length: 100 }, () => ({ code: 'LOCK_QUEUE', figures })));
    assert.equal(reasons.length, 16);
    assert.equal(Object.keys(reasons[0]?.figures ?? {}).length, 32);
  });

  test('are a list, whatever comes', () => {
    const reason = fc.record({
      code: fc.oneof(fc.constantFrom(...REASON_CODES), fc.anything()),
      explains: fc.anything(),
      figures: fc.dictionary(fc.string(), fc.anything()),
    });
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string(), fc.array(reason)), (body) => {
        const text = typeof body === 'string' ? body : JSON.stringify({ reasons: body });
        for (const { code } of reasonsIn(text, NOW_MS)) assert.ok(REASON_CODES.includes(code));
      }),
    );
  });
});
