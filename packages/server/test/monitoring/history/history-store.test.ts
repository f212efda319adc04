/**
 * What lies in the file, with a clock of the test's own, because time must pass.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { createHistoryStore } from '../../../src/monitoring/history/history-store.js';
import { openFile } from '../../../src/infra/sqlite/sqlite-file.js';
import { HISTORY_FORMAT } from '../../../src/monitoring/history/file.js';
import { parseHistoryQuery } from '../../../src/monitoring/history/history-query.js';
import { DAY_MS, HOUR_MS, MINUTE_MS, MOST_EVENTS } from '../../../src/monitoring/history/history-limits.js';
import { fillEvents } from './fill-events.js';
import { createSampleStore } from '../../../src/monitoring/history/sample-store.js';
import { SERIES, type StoredSample } from '../../../src/monitoring/history/series.js';

const NOW = Date.parse('2026-03-01T12:00:00.000Z');
const HEALTHY = 0;
const UNHEALTHY = 2;

let folder: string;
let path: string;
const opened: { close(): void }[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portal-history-'));
  path = join(folder, 'history.sqlite');
});

afterEach(() => {
  for (const database of opened.splice(0)) database.close();
  rmSync(folder, { recursive: true, force: true });
});

function open() {
  const file = openFile(path, HISTORY_FORMAT, undefined);
  opened.push(file.database);
  return file;
}

function sample(at: number, latency: number | null, status = HEALTHY): StoredSample {
  return { at, status, values: SERIES.map((name) => (name === 'database_latency_ms' ? latency : null)) };
}

test('minimum, mean, maximum and the worst of every step; gaps stay gaps', () => {
  const samples = createSampleStore(open().database, () => NOW);
  samples.addSamples([
    sample(NOW - 60_000, 1),
    sample(NOW - 58_000, 2, UNHEALTHY),
    sample(NOW - 56_000, 6),
    sample(NOW - 20_000, null),
  ]);
  const plan = parseHistoryQuery({ fromMs: NOW - MINUTE_MS, toMs: NOW, stepSeconds: 10 }, NOW, 3_000);
  const reading = samples.readSamples(plan);
  assert.equal(reading.step_seconds, 10);
  assert.deepEqual(
    reading.times,
    [0, 10, 20, 30, 40, 50].map((s) => NOW / 1_000 - 60 + s),
  );
  assert.deepEqual(reading.status, ['unhealthy', null, null, null, 'healthy', null]);
  assert.deepEqual(reading.series.database_latency_ms, {
    minimum: [1, null, null, null, null, null],
    mean: [3, null, null, null, null, null],
    maximum: [6, null, null, null, null, null],
  });
  assert.deepEqual(reading.series.pool_waiting.mean, [null, null, null, null, null, null]);
});

test('minutes and hours equal the samples they are computed from, in whatever order these came in', () => {
  let now = NOW;
  const samples = createSampleStore(open().database, () => now);
  const latencies: number[] = [];
  for (let at = NOW; at < NOW + 2 * HOUR_MS; at += 7_000) {
    now = at;
    const latency = (at / 7_000) % 13;
    latencies.push(latency);
    samples.addSamples([sample(at, latency, at === NOW + 7_000 ? UNHEALTHY : HEALTHY)]);
  }
  now += MINUTE_MS;
  samples.addSamples([sample(now, null)]);
  const range = { fromMs: NOW, toMs: NOW + 2 * HOUR_MS };
  const mean = latencies.reduce((sum, latency) => sum + latency, 0) / latencies.length;
  for (const step of [60, 600, 3_600, 7_200]) {
    const { series, status } = samples.readSamples(
      parseHistoryQuery({ ...range, stepSeconds: step }, now, 3_000),
    );
    const { minimum, maximum } = series.database_latency_ms;
    assert.equal(Math.min(...minimum.map(Number)), 0);
    assert.equal(Math.max(...maximum.map(Number)), 12);
    assert.equal(status[0], 'unhealthy');
    assert.ok(
      status.slice(1).every((one) => one === 'healthy'),
      String(step),
    );
    if (step !== 7_200) continue;
    assert.deepEqual(
      series.database_latency_ms.mean.map((one) => one?.toFixed(1)),
      [mean.toFixed(1)],
    );
  }
});

test('rows are pruned after their time, also those that a wrong clock left in the future', () => {
  let now = NOW;
  const { database } = open();
  const samples = createSampleStore(database, () => now);
  const counts = () =>
    ['samples', 'minutes', 'hours'].map(
      (table) => (database.prepare(`SELECT count(*) AS n FROM ${table}`).get() as { n: number }).n,
    );
  samples.addSamples([sample(NOW, 1), sample(NOW + 400 * DAY_MS, 1)]);
  now = NOW + MINUTE_MS;
  samples.addSamples([sample(now, 1)]);
  assert.deepEqual(counts(), [2, 2, 1]);
  now = NOW + 31 * DAY_MS;
  samples.addSamples([sample(now, 1)]);
  assert.deepEqual(counts(), [1, 1, 2]);
  now = NOW + 367 * DAY_MS + 31 * DAY_MS;
  samples.addSamples([sample(now, 1)]);
  assert.deepEqual(counts(), [1, 1, 1]);
});

test('events: a page after the other, by time, bounded in number and in size', () => {
  const { database } = open();
  const store = createHistoryStore(database);
  const event = { kind: 'status', endedAt: null, from: null, to: 'healthy', codes: [], details: {} } as const;
  for (let index = 0; index < 5; index += 1)
    store.transitionEvent({ ...event, beganAt: NOW + index * 1_000 });
  const all = { fromMs: undefined, toMs: undefined, before: undefined, limit: 2 };
  const first = store.readEvents(all);
  assert.deepEqual(
    first.events.map(({ id, ended_at }) => [id, ended_at]),
    [
      [5, null],
      [4, new Date(NOW + 4_000).toISOString()],
    ],
  );
  assert.equal(first.next, 4);
  const second = store.readEvents({ ...all, before: first.next ?? 0 });
  assert.deepEqual(
    second.events.map(({ id }) => id),
    [3, 2],
  );
  const third = store.readEvents({ ...all, before: second.next ?? 0 });
  assert.deepEqual([third.events.map(({ id }) => id), third.next], [[1], null]);
  const within = store.readEvents({ ...all, limit: 10, fromMs: NOW + 1_500, toMs: NOW + 2_500 });
  assert.deepEqual(
    within.events.map(({ id }) => id),
    [3, 2],
    'those that overlap',
  );

  const changes = Array.from({ length: 500 }, (_, index) => `file-${index}.ts`);
  const long = store.addEvent({ ...event, beganAt: NOW, endedAt: NOW, details: { added: 500, changes } });
  assert.deepEqual(long.details, { added: 500 });
  fillEvents(database, MOST_EVENTS - 3);
  store.addEvent({ ...event, beganAt: NOW, endedAt: NOW });
  const { first: firstId, count } = database
    .prepare('SELECT min(id) AS first, count(*) AS count FROM events')
    .get() as Record<string, number>;
  assert.deepEqual([firstId, count], [5, MOST_EVENTS]);
});
