/** Begin and end of reasons in the file, also over the end of a run, with a clock of the test's own. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { openFile } from '../../../src/infra/sqlite/sqlite-file.js';
import { HISTORY_FORMAT } from '../../../src/monitoring/history/file.js';
import {
  DAY_MS,
  MINUTE_MS,
  MOST_EVENTS,
  MOST_REASONS,
} from '../../../src/monitoring/history/history-limits.js';
import { createHistoryStore, type HistoryStore } from '../../../src/monitoring/history/history-store.js';
import type { SaidReason } from '../../../src/monitoring/history/reason-store.js';
import { fillEvents } from './fill-events.js';

const NOW = Date.parse('2026-03-01T12:00:00.000Z');
const ALL = { fromMs: undefined, toMs: undefined, before: undefined, limit: 200 };

let file: ReturnType<typeof openFile>;
let store: HistoryStore;

beforeEach(() => {
  file = openFile(':memory:', HISTORY_FORMAT, new Error('no folder'));
  store = createHistoryStore(file.database);
});

afterEach(() => file.database.close());

function said(code: string, beganAt: number, more: Partial<SaidReason> = {}): SaidReason {
  return { code, component: null, explains: null, sentence: `${code} is so`, beganAt, ...more };
}

/** The reasons in the file, in the order of their begin: code, begin and end in seconds. */
function stored(): unknown[] {
  return store
    .readEvents(ALL)
    .events.filter(({ kind }) => kind === 'reason')
    .map(({ codes, began_at, ended_at }) => [
      codes.join(),
      (Date.parse(began_at) - NOW) / 1_000,
      ended_at === null ? null : (Date.parse(ended_at) - NOW) / 1_000,
    ])
    .toReversed();
}

/** Another run of the service over the same file. */
function restart(at: number): void {
  store = createHistoryStore(file.database);
  store.beginRun(at, {});
}

test('each reason has its own begin and end, and the sentence that was said last', () => {
  const locks = said('LOCK_QUEUE', NOW, { explains: 'DATABASE_POOL_SATURATED' });
  const [begun] = store.recordReasons({ at: NOW + 1_000, reasons: [locks], ended: [] });
  assert.deepEqual(begun?.details, {
    sentence: 'LOCK_QUEUE is so',
    explains: 'DATABASE_POOL_SATURATED',
    component: null,
  });
  const leak = said('CONNECTION_LEAK', NOW + 5_000);
  assert.equal(store.recordReasons({ at: NOW + 6_000, reasons: [locks, leak], ended: [] }).length, 1);
  const last = { ...locks, sentence: 'It was so for a minute' };
  const [ended] = store.recordReasons({ at: NOW + 60_000, reasons: [leak], ended: [last] });
  assert.equal(ended?.details['sentence'], 'It was so for a minute');
  assert.equal(ended?.since, null);
  assert.deepEqual(ended?.causes, []);
  assert.deepEqual(stored(), [
    ['LOCK_QUEUE', 0, 60],
    ['CONNECTION_LEAK', 5, null],
  ]);
});

test('the same code of two components is two reasons', () => {
  const of = (component: string): SaidReason => said('CERTIFICATE_ENDS', NOW, { component });
  store.recordReasons({ at: NOW, reasons: [of('database'), of('cache')], ended: [] });
  store.recordReasons({ at: NOW + 5_000, reasons: [of('cache')], ended: [of('database')] });
  assert.deepEqual(stored(), [
    ['CERTIFICATE_ENDS', 0, 5],
    ['CERTIFICATE_ENDS', 0, null],
  ]);
});

test('what comes and goes within a minute is one event, later it is another', () => {
  const at = (ms: number): SaidReason => said('CACHE_EVICTS_FAST', NOW + ms);
  store.recordReasons({ at: NOW, reasons: [at(0)], ended: [] });
  store.recordReasons({ at: NOW + 10_000, reasons: [], ended: [at(0)] });
  store.recordReasons({ at: NOW + 60_000, reasons: [at(60_000)], ended: [] });
  assert.deepEqual(stored(), [['CACHE_EVICTS_FAST', 0, null]]);
  store.recordReasons({ at: NOW + 70_000, reasons: [], ended: [at(0)] });
  store.recordReasons({ at: NOW + 200_000, reasons: [at(200_000)], ended: [] });
  assert.deepEqual(stored(), [
    ['CACHE_EVICTS_FAST', 0, 70],
    ['CACHE_EVICTS_FAST', 200, null],
  ]);
});

for (const [how, end] of [
  ['stopped', (at: number): void => store.endRun(at)],
  ['killed', (): void => undefined],
] as const) {
  test(`a service that was ${how} and finds a reason again lets it go on; what it does not find has ended then`, () => {
    store.beginRun(NOW, {});
    const reasons = [said('LOCK_QUEUE', NOW), said('XID_AGE', NOW)];
    store.recordReasons({ at: NOW, reasons, ended: [] });
    end(NOW + 5_000);
    const endedAt = how === 'stopped' ? 5 : 0;
    restart(NOW + 30_000);
    assert.deepEqual(stored(), [
      ['LOCK_QUEUE', 0, endedAt],
      ['XID_AGE', 0, endedAt],
    ]);
    store.recordReasons({ at: NOW + 32_000, reasons: [], ended: [] });
    const found = said('LOCK_QUEUE', NOW + 110_000);
    store.recordReasons({ at: NOW + 110_000, reasons: [found], ended: [] });
    assert.deepEqual(stored(), [
      ['LOCK_QUEUE', 0, null],
      ['XID_AGE', 0, endedAt],
    ]);
    const late = said('XID_AGE', NOW + 10 * MINUTE_MS);
    store.recordReasons({ at: NOW + 10 * MINUTE_MS, reasons: [found, late], ended: [] });
    assert.deepEqual(stored().at(-1), ['XID_AGE', 600, null], 'too late to be the same');
  });
}

test('nothing goes on from two runs ago, nor after a day', () => {
  store.beginRun(NOW, {});
  store.recordReasons({ at: NOW, reasons: [said('LOCK_QUEUE', NOW)], ended: [] });
  store.endRun(NOW + 1_000);
  restart(NOW + 2_000);
  store.recordReasons({ at: NOW + 3_000, reasons: [], ended: [] });
  store.endRun(NOW + 300_000);
  restart(NOW + 301_000);
  store.recordReasons({ at: NOW + 302_000, reasons: [said('LOCK_QUEUE', NOW + 302_000)], ended: [] });
  assert.equal(stored().length, 2);
  store.endRun(NOW + 303_000);
  restart(NOW + 2 * DAY_MS);
  const later = NOW + 2 * DAY_MS + 1_000;
  store.recordReasons({ at: later, reasons: [said('LOCK_QUEUE', later)], ended: [] });
  assert.equal(stored().length, 3);
});

test('however many there are, they push out no event of another kind, and are bounded', () => {
  store.addEvent({
    kind: 'integrity',
    beganAt: NOW,
    endedAt: NOW,
    from: null,
    to: 'changed',
    codes: [],
    details: {},
  });
  fillEvents(file.database, MOST_EVENTS + 5_000, 'reason');
  store.recordReasons({ at: NOW, reasons: [said('LOCK_QUEUE', NOW)], ended: [] });
  const counts = file.database.prepare('SELECT kind, count(*) AS count FROM events GROUP BY kind').all() as {
    readonly kind: string;
    readonly count: number;
  }[];
  const ofKind = new Map(counts.map(({ kind, count }) => [kind, count]));
  assert.equal(ofKind.get('integrity'), 1);
  assert.equal(ofKind.get('reason'), MOST_REASONS);
});
