import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EventDocument } from 'portal-server/api';
import { causeLines, lastedWords } from '../../src/copy/event-texts.js';

const NOW = Date.parse('2026-03-01T12:00:00.000Z');

function at(second: number): string {
  return new Date(NOW + second * 1_000).toISOString();
}

function status(
  id: number,
  from: string | null,
  to: string,
  [began, ended]: readonly [number, number | null],
): EventDocument {
  const times = { began_at: at(began), ended_at: ended === null ? null : at(ended), since: at(began) };
  return { id, kind: 'status', from, to, ...times, codes: [], causes: [], details: {} };
}

test('a recovery tells for how long it was how before, over every stretch; all else tells of itself', () => {
  const events = [
    status(5, 'degraded', 'healthy', [200, null]),
    status(4, 'unhealthy', 'degraded', [140, 200]),
    // The service was away in between: nobody knows what was then.
    status(3, 'unhealthy', 'unhealthy', [60, 140]),
    status(2, 'healthy', 'unhealthy', [0, 50]),
    status(1, null, 'healthy', [-900, 0]),
  ];
  assert.deepEqual(
    events.map((event) => lastedWords(event, events, NOW + 500_000)),
    ['after 2 min 10 s unhealthy, 1 min degraded', 'lasted 1 min', 'lasted 1 min 20 s', 'lasted 50 s', ''],
  );
  assert.equal(
    lastedWords(events[0] as EventDocument, events.slice(0, 2), NOW),
    '',
    'its begin is not known',
  );
  const open = status(7, 'healthy', 'degraded', [0, null]);
  assert.equal(lastedWords(open, [open], NOW + 13_000), 'so far 13 s');
});

test('each cause has its own time; what comes and goes is one line; codes alone have none', () => {
  const cause = (code: string, began: number, ended: number | null, component = 'database') => ({
    component,
    code,
    began_at: at(began),
    ended_at: ended === null ? null : at(ended),
  });
  const causes = [
    cause('SOURCE_DRIFTED', 0, null, 'source'),
    cause('DATABASE_SLOW', 1, 2),
    cause('DATABASE_SLOW', 5, 6),
    cause('CHECK_FAILED', 7, null, 'mail'),
  ];
  const codes = ['SOURCE_DRIFTED', 'DATABASE_SLOW', 'CHECK_FAILED', 'CACHE_TIMEOUT'];
  assert.deepEqual(
    causeLines({ kind: 'status', causes, codes, details: {} }).map((line) => {
      const { sentence, code, times, from, to } = line;
      return [sentence.split(':')[0], code, times, from, to];
    }),
    [
      ['The source on disk is not the source that was started', 'SOURCE_DRIFTED', 1, at(0), null],
      ['The database answers slowly', 'DATABASE_SLOW', 2, at(1), at(6)],
      ['mail', 'CHECK_FAILED', 1, at(7), null],
      ['The cache does not answer in time', 'CACHE_TIMEOUT', 1, null, null],
    ],
  );
});

test('a reason is told by its own sentence, what it explained, and for how long', () => {
  const details = {
    sentence: '3 sessions wait for a lock',
    explains: 'DATABASE_POOL_SATURATED',
    component: null,
  };
  const event = {
    ...status(9, null, '', [0, null]),
    kind: 'reason',
    to: null,
    codes: ['LOCK_QUEUE'],
    details,
  } as const;
  assert.deepEqual(
    causeLines(event).map(({ sentence, code }) => [sentence, code]),
    [
      [
        '3 sessions wait for a lock; it explains: All connections of the pool are in use and callers wait',
        'LOCK_QUEUE',
      ],
    ],
  );
  assert.equal(lastedWords(event, [event], NOW + 60_000), 'so far 1 min');
  assert.deepEqual(
    causeLines({ ...event, details: {} }).map(({ sentence }) => sentence),
    ['LOCK_QUEUE'],
  );
});
