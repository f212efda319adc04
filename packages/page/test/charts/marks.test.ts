import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EventDocument } from 'portal-server/api';
import { incidentMarks, marksOf, nearWords } from '../../src/charts/marks.js';

function eventAt(minute: number, change: Partial<EventDocument>): EventDocument {
  const at = new Date(Date.UTC(2026, 2, 1, 2, minute)).toISOString();
  return {
    id: minute + 1,
    kind: 'service',
    began_at: at,
    ended_at: null,
    from: null,
    to: 'running',
    codes: [],
    since: null,
    causes: [],
    details: {},
    ...change,
  };
}

const RUNS = [
  eventAt(50, { kind: 'integrity', to: 'changed' }),
  eventAt(40, { details: { version: '1.5.0' } }),
  eventAt(30, { details: { version: '1.4.2' } }),
  eventAt(20, { details: { version: '1.4.2' } }),
];

test('a start is one of another version where the run before had another; the oldest known is none', () => {
  assert.deepEqual(
    marksOf(RUNS).map(({ letter, words }) => `${letter} ${words}`),
    ['S source changed', 'V version 1.5.0', 'R start of the service', 'R start of the service'],
  );
  assert.deepEqual(marksOf([eventAt(1, { kind: 'status', to: 'degraded' })]), []);
});

test('the pointer is told what it is near to, within a hundredth of what is shown', () => {
  const marks = marksOf(RUNS);
  const limits = { fromMs: Date.UTC(2026, 2, 1, 2), toMs: Date.UTC(2026, 2, 1, 3) };
  assert.equal(nearWords(marks, Date.UTC(2026, 2, 1, 2, 40, 20), limits), ', version 1.5.0');
  assert.equal(nearWords(marks, Date.UTC(2026, 2, 1, 2, 41), limits), '');
});

test('where an incident began there is a mark, which says what it is of', () => {
  const began = '2026-03-01T02:41:07.000Z';
  const [mark] = incidentMarks([{ began_at: began, kind: 'source' }]);
  assert.deepEqual(mark, { atMs: Date.parse(began), letter: 'I', words: 'incident: the source differs' });
});
