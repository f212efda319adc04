/**
 * What one run of the service leaves behind in the file, and the next one finds there: with a clock of the test's own.
 */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import type { Database } from 'libsql';
import { openFile } from '../../../src/infra/sqlite/sqlite-file.js';
import { HISTORY_FORMAT } from '../../../src/monitoring/history/file.js';
import { createHistoryStore, type HistoryStore } from '../../../src/monitoring/history/history-store.js';
import { DAY_MS, HOUR_MS } from '../../../src/monitoring/history/history-limits.js';
import { SERIES } from '../../../src/monitoring/history/series.js';
import type { StatusUpdate } from '../../../src/monitoring/tracked-status.js';

/** Lately: samples of long ago have had their time. */
const NOW = Math.floor(Date.now() / 1_000) * 1_000;
const ALL = { fromMs: undefined, toMs: undefined, before: undefined, limit: 50 };

let database: Database;
let store: HistoryStore;

beforeEach(() => {
  ({ database } = openFile('', HISTORY_FORMAT, new Error('No folder.')));
  store = createHistoryStore(database);
});

afterEach(() => {
  database.close();
});

const CACHE = { component: 'cache', code: 'CACHE_TIMEOUT', since: NOW - HOUR_MS };
const COMPONENT = {
  name: 'cache',
  state: 'down',
  since: NOW - HOUR_MS,
  answersSince: NOW - HOUR_MS,
} as const;

/** The cache is gone, from `at` on as far as this run knows. */
function update(at: number, rest: Partial<StatusUpdate> = {}): StatusUpdate {
  const known = { at, knownUntil: at, isBroken: false, from: null, since: CACHE.since, details: {} };
  return {
    ...known,
    status: 'degraded',
    codes: ['CACHE_TIMEOUT'],
    causes: [CACHE],
    components: [COMPONENT],
    ...rest,
  };
}

function sampleAt(at: number): void {
  store.addSamples([{ at, status: 1, values: SERIES.map(() => null) }]);
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

/** Everything of the last run that is known of the status. */
function statusEvents() {
  return store
    .readEvents(ALL)
    .events.filter(({ kind }) => kind === 'status')
    .map(({ from, to, began_at, ended_at, since, causes }) => ({
      from,
      to,
      began_at,
      ended_at,
      since,
      causes,
    }));
}

for (const how of ['stopped', 'killed'] as const) {
  test(`${how}: status, cause and component go on, and the time without probe runs is in no interval`, () => {
    store.beginRun(NOW - HOUR_MS, {});
    store.recordStatus(update(NOW - HOUR_MS));
    sampleAt(NOW - 20_000);
    if (how === 'stopped') store.endRun(NOW - 20_000);
    store = createHistoryStore(database);
    store.beginRun(NOW, {});
    const until = NOW - 20_000;
    assert.deepEqual(store.previousRun(), {
      until,
      status: 'degraded',
      since: CACHE.since,
      causes: [CACHE],
      components: [COMPONENT],
    });
    store.recordStatus(update(NOW + 1_000, { knownUntil: until, isBroken: true, from: 'degraded' }));
    const cause = { component: 'cache', code: 'CACHE_TIMEOUT', began_at: iso(CACHE.since), ended_at: null };
    const both = { to: 'degraded', since: iso(CACHE.since), causes: [cause] };
    assert.deepEqual(statusEvents(), [
      { ...both, from: 'degraded', began_at: iso(NOW + 1_000), ended_at: null },
      { ...both, from: null, began_at: iso(NOW - HOUR_MS), ended_at: iso(until) },
    ]);
    const asked = { fromMs: NOW - HOUR_MS, toMs: NOW + 10_000 };
    const plan = { table: 'samples', ...asked, stepMs: 10_000 } as const;
    const { totals } = store.readHistory(plan, asked, { nowMs: NOW + 10_000, knownMs: NOW + 10_000 });
    assert.equal(totals.degraded_ms, HOUR_MS - 20_000 + 9_000);
    assert.equal(totals.unmeasured_ms, 21_000);
  });
}

test('a cause that comes back after a start is another one, and the one before has ended when it was last seen', () => {
  store.beginRun(NOW - HOUR_MS, {});
  store.recordStatus(update(NOW - HOUR_MS));
  store.endRun(NOW - 20_000);
  store.beginRun(NOW, {});
  const well = { status: 'healthy', since: NOW, codes: [], causes: [], components: [] } as const;
  store.recordStatus(update(NOW, { ...well, knownUntil: NOW - 20_000, isBroken: true, from: 'degraded' }));
  const again = { ...CACHE, since: NOW + 5_000 };
  const event = store.recordStatus(
    update(NOW + 5_000, { from: 'healthy', since: NOW + 5_000, causes: [again] }),
  );
  assert.deepEqual(event.causes, [
    { component: 'cache', code: 'CACHE_TIMEOUT', began_at: iso(NOW + 5_000), ended_at: null },
  ]);
  assert.deepEqual(
    statusEvents().map(({ causes }) => causes.map(({ ended_at }) => ended_at)),
    [[null], [], [iso(NOW - 20_000)]],
  );
});

test('runs that end before their first probe run change nothing; after a day without any, nothing has gone on', () => {
  store.beginRun(NOW - HOUR_MS, {});
  store.recordStatus(update(NOW - HOUR_MS));
  store.endRun(NOW);
  for (const seconds of [10, 20, 30]) store.beginRun(NOW + seconds * 1_000, {});
  assert.deepEqual(store.previousRun()?.until, NOW);
  assert.deepEqual(store.previousRun()?.causes, [CACHE]);
  for (let hour = 1; hour < 26; hour += 1) store.beginRun(NOW + hour * HOUR_MS, {});
  assert.equal(store.previousRun(), null);
  assert.ok(NOW + 25 * HOUR_MS > NOW + DAY_MS);
});

test('a clock set back between two runs: for how long is still true', () => {
  store.beginRun(NOW - HOUR_MS, {});
  store.recordStatus(update(NOW - HOUR_MS));
  store.endRun(NOW);
  store.beginRun(NOW - 2 * HOUR_MS, {});
  assert.equal(store.previousRun()?.since, NOW - 3 * HOUR_MS);
  assert.equal(store.previousRun()?.causes[0]?.since, NOW - 3 * HOUR_MS);
});

test('a clock set back in the middle of an outage costs none of it; each of its causes is one cause', () => {
  store.beginRun(NOW - HOUR_MS, {});
  store.recordStatus(update(NOW - HOUR_MS));
  const setMs = -2 * HOUR_MS;
  const at = NOW + setMs;
  const since = CACHE.since + setMs;
  const moved = { since, causes: [{ ...CACHE, since }], details: { clock_set_ms: setMs } };
  const event = store.recordStatus(
    update(at, { ...moved, knownUntil: NOW, isBroken: true, from: 'degraded' }),
  );
  assert.deepEqual([event.began_at, event.since], [iso(at), iso(since)]);
  assert.deepEqual(
    event.causes.map(({ began_at }) => began_at),
    [iso(since)],
  );
  store.endRun(at + 30_000);
  const asked = { fromMs: NOW - DAY_MS, toMs: NOW };
  const { totals } = store.readHistory({ table: 'hours', ...asked, stepMs: HOUR_MS }, asked, {
    nowMs: NOW,
    knownMs: NOW,
  });
  assert.equal(totals.degraded_ms, HOUR_MS + 30_000);
});

test('the same status with another cause is one event; a cause that flaps within it is listed each time it began', () => {
  store.beginRun(NOW, {});
  const first = store.recordStatus(update(NOW, { since: NOW, causes: [{ ...CACHE, since: NOW }] }));
  for (let second = 1; second <= 120; second += 1) {
    const slow = { component: 'database', code: 'DATABASE_SLOW', since: NOW + second * 1_000 };
    const causes = second % 2 === 1 ? [{ ...CACHE, since: NOW }, slow] : [{ ...CACHE, since: NOW }];
    const codes = causes.map(({ code }) => code);
    store.recordStatus(update(NOW + second * 1_000, { since: NOW, from: 'degraded', codes, causes }));
  }
  const [event, ...others] = store.readEvents(ALL).events.filter(({ kind }) => kind === 'status');
  assert.equal(event?.id, first.id);
  assert.deepEqual(others, []);
  assert.deepEqual(event?.codes, ['CACHE_TIMEOUT', 'DATABASE_SLOW']);
  assert.equal(event?.causes.length, 50, 'the latest of very many');
  assert.ok(event?.causes.every(({ began_at, ended_at }) => ended_at === null || ended_at > began_at));
});
