/**
 * Healthy time of this service over a year of its history, more than is kept as events: against a second computation.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openFile } from '../../../src/infra/sqlite/sqlite-file.js';
import { localDays } from '../../../src/monitoring/healthy-time/local-days.js';
import { HISTORY_FORMAT } from '../../../src/monitoring/history/file.js';
import { createHistoryStore } from '../../../src/monitoring/history/history-store.js';
import { DAY_MS, HOUR_MS, MINUTE_MS, MOST_EVENTS } from '../../../src/monitoring/history/history-limits.js';
import { STATUSES } from '../../../src/monitoring/history/series.js';

const NOW = Date.parse('2026-11-20T12:00:00.000Z');
const PRESENT = { nowMs: NOW, knownMs: NOW };

interface Piece {
  readonly status: (typeof STATUSES)[number];
  readonly fromMs: number;
  readonly toMs: number;
}

/** A year, one after the other, with gaps: 12,000 in an order that no rule of ours has made. */
function yearOf(count: number): readonly Piece[] {
  let seed = 7;
  const random = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed % below;
  };
  const lengthMs = Math.floor((360 * DAY_MS) / count);
  return Array.from({ length: count }, (_, index) => {
    const fromMs = NOW - (count - index) * lengthMs;
    const toMs = index === count - 1 ? NOW : fromMs + lengthMs - random(20) * MINUTE_MS;
    return { status: STATUSES[random(3)] ?? 'healthy', fromMs, toMs };
  });
}

function overlapMs(pieces: readonly Piece[], status: string, fromMs: number, toMs: number): number {
  return pieces
    .filter((piece) => piece.status === status)
    .reduce(
      (sum, piece) => sum + Math.max(0, Math.min(piece.toMs, toMs) - Math.max(piece.fromMs, fromMs)),
      0,
    );
}

test('each day of a year has the sums of its events, kept or not, in every zone and over clock changes', () => {
  const { database } = openFile(':memory:', HISTORY_FORMAT, new Error('in memory'));
  const store = createHistoryStore(database);
  const pieces = yearOf(MOST_EVENTS + 2_000);
  const insert = database.prepare(
    `INSERT INTO events (kind, began_at, ended_at, became, codes, details) VALUES ('status', ?, ?, ?, '[]', '{}')`,
  );
  database.exec('BEGIN');
  for (const { fromMs, toMs, status } of pieces) insert.run(fromMs, toMs, status);
  database.exec('COMMIT');
  // Whatever is added throws away what is too much.
  const other = { kind: 'alert', endedAt: NOW, from: null, to: 'given_up', codes: [], details: {} } as const;
  store.addEvent({ ...other, beganAt: NOW });
  const { n } = database.prepare(`SELECT count(*) AS n FROM events WHERE kind = 'status'`).get() as {
    n: number;
  };
  assert.equal(n, MOST_EVENTS - 1);

  for (const zone of ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kathmandu', 'Australia/Lord_Howe']) {
    const days = localDays(zone, NOW, 355);
    const found = store.readHealthyTime({ service: 'portal', ranges: days, maintenance: [] }, PRESENT);
    for (const [index, { date, fromMs, toMs }] of days.entries()) {
      const expected = STATUSES.map((status) => overlapMs(pieces, status, fromMs, toMs));
      const { healthy, degraded, unhealthy } = found?.sums[index] ?? {};
      assert.deepEqual([healthy, degraded, unhealthy], expected, `${zone} ${date}`);
    }
  }
  database.close();
});

test('a part is healthy but for its own troubles, and not measured while nobody looked', () => {
  const { database } = openFile(':memory:', HISTORY_FORMAT, new Error('in memory'));
  const store = createHistoryStore(database);
  const at = (minutes: number): number => NOW - HOUR_MS + minutes * MINUTE_MS;
  const update = (minutes: number, status: 'healthy' | 'degraded' | 'unhealthy', codes: readonly string[]) =>
    store.recordStatus({
      at: at(minutes),
      knownUntil: at(minutes),
      isBroken: false,
      from: null,
      status,
      since: at(minutes),
      codes,
      causes: codes.map((code) => ({
        component: code.startsWith('CACHE') ? 'cache' : 'database',
        code,
        since: at(minutes),
      })),
      components: [],
      details: {},
    });
  update(0, 'healthy', []);
  update(10, 'unhealthy', ['DATABASE_TIMEOUT']);
  update(15, 'degraded', ['DATABASE_SLOW']);
  update(20, 'degraded', ['CACHE_TIMEOUT']);
  update(40, 'healthy', []);
  const hour = { fromMs: at(-10), toMs: NOW };
  const maintenance = [{ fromMs: at(35), toMs: at(45) }];
  const found = store.readHealthyTime({ service: 'portal', ranges: [hour], maintenance }, PRESENT);
  const minutesOf = (sums: Readonly<Record<string, number>> | undefined) =>
    ['healthy', 'degraded', 'unhealthy', 'maintenance', 'unmeasured'].map(
      (kind) => (sums?.[kind] ?? 0) / MINUTE_MS,
    );
  assert.deepEqual(minutesOf(found?.sums[0]), [25, 20, 5, 10, 10]);
  assert.deepEqual(
    found?.parts.map(({ part, sums }) => [part, minutesOf(sums[0])]),
    [
      ['database', [40, 5, 5, 10, 10]],
      ['cache', [35, 0, 15, 10, 10]],
    ],
  );
  database.close();
});
