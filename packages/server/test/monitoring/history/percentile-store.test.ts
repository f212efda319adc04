/** Percentiles out of the file against those of all samples, by sorting them: of minutes, of hours, merged, and of the last hour. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { openFile } from '../../../src/infra/sqlite/sqlite-file.js';
import { HISTORY_FORMAT } from '../../../src/monitoring/history/file.js';
import { HOUR_MS, MINUTE_MS } from '../../../src/monitoring/history/history-limits.js';
import type { HistoryQuery } from '../../../src/monitoring/history/history-query.js';
import { createSampleStore } from '../../../src/monitoring/history/sample-store.js';
import { SERIES, type StoredSample } from '../../../src/monitoring/history/series.js';

const T0 = Date.parse('2026-03-01T00:00:00.000Z');
const SHARES = { p50: 0.5, p95: 0.95, p99: 0.99 } as const;
/** What the buckets promise, and two decimals. */
const PRECISION = 0.05;

function open(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'portal-percentiles-'));
  const { database } = openFile(join(folder, 'history.sqlite'), HISTORY_FORMAT, undefined);
  t.after(() => {
    database.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return database;
}

/** The same numbers in each run, of many sizes: 0.05 ms to 1 s, mostly quick, a slow one now and then. */
function latencies(count: number): readonly number[] {
  let seed = 7;
  return Array.from({ length: count }, () => {
    seed = (seed * 48_271) % 2_147_483_647;
    const even = seed / 2_147_483_647;
    return Math.round(100 * (even > 0.97 ? 200 + 800 * even : 0.05 + 6 * even ** 3)) / 100;
  });
}

function sample(at: number, database: number | null, cache: number | null): StoredSample {
  const values = SERIES.map((name) =>
    name === 'database_latency_ms' ? database : name === 'cache_latency_ms' ? cache : null,
  );
  return { at, status: 0, values };
}

function exactly(values: readonly number[], share: number): number | null {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.max(1, Math.ceil(share * sorted.length)) - 1] ?? null;
}

function assertNear(
  found: number | null | undefined,
  expected: number | null,
  precision: number,
  what: string,
): void {
  if (expected === null || found === null || found === undefined) {
    assert.equal(found, expected, what);
    return;
  }
  assert.ok(
    Math.abs(found - expected) <= precision * expected + 0.011,
    `${what}: ${found} and not ${expected}`,
  );
}

const EVERY_MS = 2_000;
const LENGTH_MS = 5 * HOUR_MS;

function fill(t: TestContext) {
  const values = latencies(LENGTH_MS / EVERY_MS);
  let now = T0;
  const store = createSampleStore(open(t), () => now);
  for (let begin = 0; begin < values.length; begin += 30) {
    now = T0 + begin * EVERY_MS;
    store.addSamples(
      values.slice(begin, begin + 30).map((value, index) => {
        const at = now + index * EVERY_MS;
        // Two minutes in which nobody looked, and a cache that does not answer in the third hour.
        const hour = Math.floor((at - T0) / HOUR_MS);
        return sample(at, value, hour === 2 ? null : value / 2);
      }),
    );
  }
  now = T0 + LENGTH_MS + MINUTE_MS;
  store.addSamples([sample(now, null, null)]);
  return { store, values };
}

const QUERIES: readonly (HistoryQuery & { readonly precision: number })[] = [
  { table: 'minutes', fromMs: T0, toMs: T0 + LENGTH_MS, stepMs: MINUTE_MS, precision: PRECISION },
  { table: 'minutes', fromMs: T0, toMs: T0 + LENGTH_MS, stepMs: 15 * MINUTE_MS, precision: PRECISION },
  { table: 'hours', fromMs: T0, toMs: T0 + LENGTH_MS, stepMs: HOUR_MS, precision: PRECISION },
  { table: 'hours', fromMs: T0, toMs: T0 + LENGTH_MS, stepMs: 5 * HOUR_MS, precision: PRECISION },
  // There are the samples themselves.
  { table: 'samples', fromMs: T0 + LENGTH_MS - HOUR_MS, toMs: T0 + LENGTH_MS, stepMs: 10_000, precision: 0 },
];

test('every step of every table, of both latencies, has the percentiles of its samples', (t) => {
  const { store, values } = fill(t);
  for (const { precision, ...query } of QUERIES) {
    const { percentiles, series } = store.readSamples(query);
    const steps = Math.round((query.toMs - query.fromMs) / query.stepMs);
    for (let step = 0; step < steps; step += 1) {
      const first = (query.fromMs + step * query.stepMs - T0) / EVERY_MS;
      const of = values.slice(first, first + query.stepMs / EVERY_MS);
      const ofCache = of.filter((_, index) => Math.floor(((first + index) * EVERY_MS) / HOUR_MS) !== 2);
      for (const [name, share] of Object.entries(SHARES) as [keyof typeof SHARES, number][]) {
        const what = `${name} of ${query.table}, step ${step} of ${query.stepMs} ms`;
        assertNear(percentiles.database_latency_ms[name][step], exactly(of, share), precision, what);
        const halves = ofCache.map((value) => value / 2);
        assertNear(
          percentiles.cache_latency_ms[name][step],
          exactly(halves, share),
          precision,
          `${what}, cache`,
        );
      }
      const { p99 } = percentiles.database_latency_ms;
      assert.ok(
        (p99[step] ?? 0) <= (series.database_latency_ms.maximum[step] ?? 0),
        'no more than the greatest',
      );
    }
  }
});

test('a mean of percentiles is none: one slow minute among many quick ones is seen in the hour', (t) => {
  let now = T0;
  const store = createSampleStore(open(t), () => now);
  for (let at = T0; at < T0 + HOUR_MS; at += 6_000) {
    now = at;
    const isSlow = at >= T0 + 30 * MINUTE_MS && at < T0 + 31 * MINUTE_MS;
    store.addSamples([sample(at, isSlow ? 500 : 1, null)]);
  }
  now = T0 + HOUR_MS + MINUTE_MS;
  store.addSamples([sample(now, null, null)]);
  const read = (stepMs: number) =>
    store.readSamples({ table: 'minutes', fromMs: T0, toMs: T0 + HOUR_MS, stepMs }).percentiles
      .database_latency_ms;
  // 10 of 600 samples: within the last hundredth and a little more.
  assertNear(read(HOUR_MS).p99[0], 500, PRECISION, 'p99');
  assertNear(read(HOUR_MS).p95[0], 1, PRECISION, 'p95');
  assertNear(read(MINUTE_MS).p50[30], 500, PRECISION, 'p50 of the slow minute');
});

test('a latency of nothing, and one of a day, have percentiles too; no sample has none', (t) => {
  let now = T0;
  const store = createSampleStore(open(t), () => now);
  store.addSamples([sample(T0, 0, 86_400_000)]);
  now = T0 + 2 * MINUTE_MS;
  store.addSamples([sample(now, null, null)]);
  const { percentiles } = store.readSamples({
    table: 'minutes',
    fromMs: T0,
    toMs: T0 + 3 * MINUTE_MS,
    stepMs: MINUTE_MS,
  });
  assert.deepEqual(percentiles.database_latency_ms, {
    p50: [0, null, null],
    p95: [0, null, null],
    p99: [0, null, null],
  });
  assert.deepEqual(percentiles.cache_latency_ms.p50, [86_400_000, null, null]);
});
