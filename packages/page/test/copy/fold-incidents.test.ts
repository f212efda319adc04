import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IncidentDocument } from 'portal-server/api';
import { foldIncidents } from '../../src/copy/fold-incidents.js';

/** From minute to minute of an hour. */
function incident(from: number, to: number | null, change: Partial<IncidentDocument> = {}): IncidentDocument {
  const at = (minute: number): string => new Date(Date.UTC(2026, 2, 1, 2, minute)).toISOString();
  const began = at(from);
  const ended = to === null ? null : at(to);
  return {
    id: `${from}`,
    kind: 'health',
    service: 'orders',
    shared: null,
    began_at: began,
    ended_at: ended,
    causes: [{ code: 'DATABASE_SLOW', service: 'orders', instance: 'a:1', began_at: began, ended_at: ended }],
    ...change,
  } as IncidentDocument;
}

function folded(incidents: readonly IncidentDocument[]): readonly (readonly string[])[] {
  return foldIncidents(incidents).map((row) => row.map(({ id }) => id));
}

test('what comes and goes again and again is one row, the latest first', () => {
  assert.deepEqual(folded([incident(50, 51), incident(40, 42), incident(30, 31)]), [['50', '40', '30']]);
});

test('another service, kind or cause between them is a row of its own, and parts them', () => {
  for (const change of [{ service: 'stock' }, { kind: 'source' }, { causes: [] }] as const) {
    const rows = folded([incident(50, 51), incident(40, 42, change), incident(30, 31)]);
    assert.deepEqual(rows, [['50'], ['40'], ['30']]);
  }
});

test('what lasted for long, goes on, or came hours later is no flap', () => {
  assert.deepEqual(folded([incident(50, 51), incident(20, 40)]), [['50'], ['20']]);
  assert.deepEqual(folded([incident(50, null), incident(40, 41)]), [['50'], ['40']]);
  assert.deepEqual(folded([incident(110, 111), incident(10, 11)]), [['110'], ['10']]);
  assert.deepEqual(folded([]), []);
});
