/**
 * How long it was how: the sums of the file against a second computation from what was written into it.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import fc from 'fast-check';
import Database from 'libsql';
import type { NewEvent } from '../../../src/monitoring/history/event-store.js';
import { openFile } from '../../../src/infra/sqlite/sqlite-file.js';
import { HISTORY_FORMAT } from '../../../src/monitoring/history/file.js';
import { createHistoryStore } from '../../../src/monitoring/history/history-store.js';
import { parseHistoryQuery, parseRange } from '../../../src/monitoring/history/history-query.js';
import { DAY_MS, HOUR_MS, MINUTE_MS, MOST_EVENTS } from '../../../src/monitoring/history/history-limits.js';
import { fillEvents } from './fill-events.js';
import { SERIES, STATUSES } from '../../../src/monitoring/history/series.js';
import { createStatusTotals, type Totals } from '../../../src/monitoring/history/status-totals.js';

const NOW = Date.parse('2026-03-01T12:00:00.000Z');
const PRESENT = { nowMs: NOW, knownMs: NOW };

let folder: string;
const opened: { close(): void }[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portal-sums-'));
});

afterEach(() => {
  for (const database of opened.splice(0)) database.close();
  rmSync(folder, { recursive: true, force: true });
});

/** In memory, unless it is to be opened again. */
function open(path?: string): Database.Database {
  const { database } = openFile(
    path ?? '',
    HISTORY_FORMAT,
    path === undefined ? new Error('No folder.') : undefined,
  );
  opened.push(database);
  return database;
}

interface Piece {
  readonly status: number;
  readonly fromMs: number;
  readonly toMs: number | null;
}

function eventOf({ status, fromMs, toMs }: Piece): NewEvent {
  const to = STATUSES[status] ?? null;
  return { kind: 'status', beganAt: fromMs, endedAt: toMs, from: null, to, codes: [], details: {} };
}

/** The second computation: every piece, cut to the range. */
function sumOf(pieces: readonly Piece[], status: number, fromMs: number, toMs: number): number {
  return pieces
    .filter((piece) => piece.status === status)
    .reduce(
      (sum, piece) => sum + Math.max(0, Math.min(piece.toMs ?? NOW, toMs) - Math.max(piece.fromMs, fromMs)),
      0,
    );
}

function msOf(totals: Totals): readonly number[] {
  return [totals.healthy_ms, totals.degraded_ms, totals.unhealthy_ms, totals.unmeasured_ms];
}

/** Intervals one after the other, with and without gaps, that end about now; the last one may be open. */
const timeline: fc.Arbitrary<readonly Piece[]> = fc
  .array(
    fc.record({
      status: fc.integer({ min: 0, max: 2 }),
      lengthMs: fc.oneof(fc.integer({ min: 1, max: 90_000 }), fc.integer({ min: 1, max: 3 * DAY_MS })),
      gapMs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 5 * HOUR_MS })),
    }),
    { minLength: 1, maxLength: 40 },
  )
  .chain((steps) =>
    fc.boolean().map((goesOn) => {
      let at = NOW - steps.reduce((sum, { lengthMs, gapMs }) => sum + lengthMs + gapMs, 0);
      return steps.map(({ status, lengthMs, gapMs }, index) => {
        const fromMs = at;
        at += lengthMs + gapMs;
        const isLast = index === steps.length - 1;
        return { status, fromMs, toMs: isLast && goesOn ? null : fromMs + lengthMs };
      });
    }),
  );

const range = fc
  .tuple(fc.integer({ min: 1, max: 60 * DAY_MS }), fc.integer({ min: 1, max: 60 * DAY_MS }))
  .map(([agoMs, lengthMs]) => ({ fromMs: NOW - agoMs, toMs: Math.min(NOW, NOW - agoMs + lengthMs) }));

test('the sums of any range are those of the events in it, to the millisecond; shares add up to them', () => {
  fc.assert(
    fc.property(timeline, range, (pieces, asked) => {
      const database = open();
      try {
        const store = createHistoryStore(database);
        for (const piece of pieces) store.addEvent(eventOf(piece));
        const plan = parseHistoryQuery(asked, NOW, 3_000);
        const { totals, share } = store.readHistory(plan, parseRange(asked, NOW), PRESENT);
        const expected = [0, 1, 2].map((status) => sumOf(pieces, status, asked.fromMs, asked.toMs));
        const unmeasured = asked.toMs - asked.fromMs - expected.reduce((sum, ms) => sum + ms, 0);
        assert.deepEqual(msOf(totals), [...expected, unmeasured]);

        for (const [index, status] of STATUSES.entries()) {
          const shared = share[status].reduce<number>((sum, one, step) => {
            const beginMs = plan.fromMs + step * plan.stepMs;
            return sum + (one ?? 0) * Math.min(plan.stepMs, NOW - beginMs);
          }, 0);
          const onGrid = sumOf(pieces, index, plan.fromMs, Math.min(NOW, plan.toMs));
          const roundedMs = share[status].length * plan.stepMs * 1e-6;
          assert.ok(Math.abs(shared - onGrid) <= roundedMs, `${status}: ${shared} instead of ${onGrid}`);
        }
        for (const [step, unmeasuredShare] of share.unmeasured.entries()) {
          const sum = STATUSES.reduce(
            (rest, status) => rest + (share[status][step] ?? 0),
            unmeasuredShare ?? 0,
          );
          assert.ok(unmeasuredShare === null || Math.abs(sum - 1) < 1e-5);
        }
      } finally {
        database.close();
      }
    }),
    { numRuns: 60 },
  );
});

test('sums outlive the events: whatever is thrown away, whole hours and days keep theirs', () => {
  fc.assert(
    fc.property(timeline, fc.integer({ min: 0, max: 40 }), (pieces, gone) => {
      const database = open();
      const store = createHistoryStore(database);
      const sums = createStatusTotals(database);
      for (const piece of pieces) store.addEvent(eventOf(piece));
      const days = Array.from({ length: 125 }, (_, ago) => {
        const toMs = Math.ceil(NOW / DAY_MS) * DAY_MS - ago * DAY_MS;
        return { fromMs: toMs - DAY_MS, toMs };
      });
      const before = days.map((day) => msOf(sums.totals(day, PRESENT)));
      fillEvents(database, Math.max(0, MOST_EVENTS + gone - pieces.length));
      const other = {
        kind: 'alert',
        endedAt: NOW,
        from: null,
        to: 'given_up',
        codes: [],
        details: {},
      } as const;
      store.addEvent({ ...other, beganAt: NOW });
      assert.deepEqual(
        days.map((day) => msOf(sums.totals(day, PRESENT))),
        before,
      );
      const { exact_from } = sums.totals({ fromMs: NOW - DAY_MS, toMs: NOW }, PRESENT);
      const left = pieces.find(({ toMs }, index) => toMs === null || index > gone);
      assert.ok(Date.parse(exact_from ?? '') <= (left?.fromMs ?? NOW) + HOUR_MS);
    }),
    { numRuns: 40 },
  );
});

test('77 s and 40 s of outage are 1 min 57 s in every range that holds them, whatever the steps', () => {
  const store = createHistoryStore(open());
  const at = NOW - 14 * MINUTE_MS;
  const pieces: readonly Piece[] = [
    { status: 0, fromMs: NOW - 400 * DAY_MS, toMs: at },
    { status: 2, fromMs: at, toMs: at + 77_000 },
    { status: 0, fromMs: at + 77_000, toMs: at + 200_000 },
    { status: 2, fromMs: at + 200_000, toMs: at + 240_000 },
    { status: 0, fromMs: at + 240_000, toMs: null },
  ];
  for (const piece of pieces) store.addEvent(eventOf(piece));
  const ranges = [15 * MINUTE_MS, 6 * HOUR_MS, DAY_MS, 7 * DAY_MS, 30 * DAY_MS, 365 * DAY_MS];
  for (const rangeMs of ranges) {
    for (const stepSeconds of [1, 120, 43_200]) {
      const query = { fromMs: NOW - rangeMs, toMs: NOW, stepSeconds };
      const { totals, status } = store.readHistory(
        parseHistoryQuery(query, NOW, 3_000),
        parseRange(query, NOW),
        PRESENT,
      );
      assert.deepEqual(msOf(totals), [rangeMs - 117_000, 0, 117_000, 0], `${rangeMs} ${stepSeconds}`);
      assert.ok(
        status.every((one) => one === null),
        'no sample has come in: no step has a status yet',
      );
    }
  }
});

test('the worst of a step also when no sample fell into it, and only as far as samples have come in', () => {
  const store = createHistoryStore(open());
  const at = Date.now() - 60_000;
  const floor = Math.floor(at / 1_000) * 1_000;
  store.addEvent(eventOf({ status: 0, fromMs: floor - HOUR_MS, toMs: floor + 5_000 }));
  store.addEvent(eventOf({ status: 1, fromMs: floor + 5_000, toMs: null }));
  // Probe runs are ten seconds apart while all is well.
  for (const seconds of [0, 10, 20, 30]) {
    store.addSamples([{ at: floor + seconds * 1_000, status: 0, values: SERIES.map(() => 1) }]);
  }
  const nowMs = floor + 60_000;
  const plan = { table: 'samples', fromMs: floor, toMs: nowMs, stepMs: 2_000 } as const;
  const { status, share } = store.readHistory(plan, plan, { nowMs, knownMs: floor + 40_000 });
  assert.deepEqual(status, [
    'healthy',
    'healthy',
    ...Array.from({ length: 14 }, () => 'degraded'),
    ...Array.from({ length: 14 }, () => null),
  ]);
  assert.deepEqual([share.healthy[2], share.degraded[2], share.unmeasured[20]], [0.5, 0.5, 1]);
});

test('where a clock that was set back has made two intervals of one time, it counts for the worse status', () => {
  const store = createHistoryStore(open());
  store.addEvent(eventOf({ status: 0, fromMs: NOW - HOUR_MS, toMs: NOW }));
  store.addEvent(eventOf({ status: 2, fromMs: NOW - 10_000, toMs: NOW }));
  const asked = { fromMs: NOW - 60_000, toMs: NOW };
  const { totals } = store.readHistory({ table: 'samples', ...asked, stepMs: 60_000 }, asked, PRESENT);
  assert.deepEqual(msOf(totals), [50_000, 0, 10_000, 0]);
});

test('a file of an older program is read on, and goes back to it', () => {
  const path = join(folder, 'history.sqlite');
  const old = new Database(path);
  old.exec(`CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, began_at INTEGER NOT NULL,
    ended_at INTEGER, was TEXT, became TEXT, codes TEXT NOT NULL, details TEXT NOT NULL); PRAGMA user_version = 1`);
  const insert = `INSERT INTO events (kind, began_at, ended_at, was, became, codes, details) VALUES (?, ?, ?, ?, ?, ?, ?)`;
  old.prepare(insert).run('status', NOW - 60_000, null, 'healthy', 'degraded', '["CACHE_TIMEOUT"]', '{}');
  old.close();
  const database = open(path);
  const store = createHistoryStore(database);
  store.beginRun(NOW, {});
  assert.deepEqual(store.previousRun()?.status, 'degraded');
  const events = createHistoryStore(database).readEvents({
    fromMs: undefined,
    toMs: undefined,
    before: undefined,
    limit: 9,
  });
  assert.deepEqual(
    events.events.map(({ kind, since, causes }) => [kind, since, causes]),
    [
      ['service', null, []],
      ['status', new Date(NOW - 60_000).toISOString(), []],
    ],
  );
  assert.equal(database.prepare('PRAGMA user_version').all().length, 1);
  database.prepare(insert).run('status', NOW, null, null, 'healthy', '[]', '{}');
});
