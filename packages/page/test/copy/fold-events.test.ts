/** What repeats itself is one row, and what is news is not lost in it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EventDocument } from 'portal-server/api';
import { foldEvents, rowWords } from '../../src/copy/fold-events.js';

const T0 = Date.parse('2026-03-01T00:00:00.000Z');

/** Begins a minute after the one before it, and lasts so many seconds. */
function event(minute: number, change: Partial<EventDocument>, seconds: number | null = 30): EventDocument {
  const beganMs = T0 + minute * 60_000;
  return {
    id: minute + 1,
    kind: 'status',
    began_at: new Date(beganMs).toISOString(),
    ended_at: seconds === null ? null : new Date(beganMs + seconds * 1_000).toISOString(),
    from: 'healthy',
    to: 'degraded',
    codes: ['DATABASE_SLOW'],
    since: null,
    causes: [],
    details: {},
    ...change,
  };
}

const healthy = (minute: number, seconds: number | null = 30) =>
  event(minute, { from: 'degraded', to: 'healthy', codes: [] }, seconds);

function shape(events: readonly EventDocument[]): readonly number[] {
  return foldEvents(events.toSorted((one, other) => other.id - one.id)).map((row) => row.length);
}

test('a status that comes and goes is one row; how it is now stands by itself', () => {
  const flaps = [0, 1, 2, 3, 4, 5, 6, 7].map((minute) =>
    minute % 2 === 0 ? event(minute, {}) : healthy(minute),
  );
  assert.deepEqual(shape([...flaps, event(8, {}), healthy(9, null)]), [1, 9]);
  const [, folded] = foldEvents([...flaps, event(8, {}), healthy(9, null)].toReversed());
  assert.ok(folded);
  assert.equal(rowWords(folded), 'Healthy ↔ degraded, 5 times');
});

test('an outage among flaps, another cause and a long one are rows of their own', () => {
  const outage = { from: 'healthy', to: 'unhealthy', codes: ['DATABASE_TIMEOUT'] };
  const flap = (minute: number) => (minute % 2 === 0 ? event(minute, {}) : healthy(minute));
  const before = [0, 1, 2, 3, 4, 5].map(flap);
  const after = [7, 8, 9, 10, 11, 12].map(flap);
  // The recovery from it stands beside it.
  assert.deepEqual(shape([...before, event(6, outage), ...after]), [5, 1, 1, 6]);
  assert.deepEqual(shape([...before, event(6, { codes: ['CACHE_SLOW'] }), ...after]), [5, 1, 1, 6]);
  assert.deepEqual(shape([...before, event(6, {}, 301), ...after]), [6, 1, 6]);
});

test('outages are never folded, however often they come', () => {
  const outages = [0, 1, 2, 3, 4, 5, 6, 7].map((minute) =>
    minute % 2 === 0 ? event(minute, { to: 'unhealthy', codes: ['DATABASE_TIMEOUT'] }) : healthy(minute),
  );
  assert.deepEqual(shape(outages), [1, 1, 1, 1, 1, 1, 1, 1]);
});

test('starts are one row, but not over another version; four of anything are read as they are', () => {
  const start = (minute: number, version: string) =>
    event(minute, { kind: 'service', from: null, to: 'running', codes: [], details: { version } }, 50);
  const starts = [0, 1, 2, 3, 4, 5, 6].map((minute) => start(minute, minute < 2 ? '1.4.1' : '1.4.2'));
  assert.deepEqual(shape(starts), [5, 1, 1]);
  const [row] = foldEvents(starts.toReversed());
  assert.ok(row);
  assert.equal(rowWords(row), 'Service: started 5 times');
  assert.deepEqual(shape([event(0, {}), healthy(1), event(2, {}), healthy(3)]), [1, 1, 1, 1]);
});

test('nothing is lost, and the order stays', () => {
  const events = Array.from({ length: 60 }, (_, minute) =>
    minute % 7 === 0
      ? event(minute, { kind: 'integrity', to: 'changed' })
      : minute % 2 === 0
        ? event(minute, {})
        : healthy(minute),
  ).toReversed();
  assert.deepEqual(foldEvents(events).flat(), events);
});
