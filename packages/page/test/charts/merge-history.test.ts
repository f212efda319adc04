/** What was read in pieces is what one reading of all of it would have given. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HistoryDocument } from 'portal-server/api';
import { mergeHistory, newFrom } from '../../src/charts/merge-history.js';

const STEP_S = 3;
const T0 = 1_700_000_001;

/** As the service answers: whole steps that cover the time; each figure depends on nothing but its step. */
function read(fromMs: number, toMs: number, stepSeconds = STEP_S): HistoryDocument {
  const begin = Math.floor(fromMs / 1_000 / stepSeconds) * stepSeconds;
  const end = Math.ceil(toMs / 1_000 / stepSeconds) * stepSeconds;
  const times: number[] = [];
  for (let time = begin; time < end; time += stepSeconds) times.push(time);
  const column = (factor: number) => times.map((time) => (time % 7 === 0 ? null : time * factor));
  const series = () => ({ minimum: column(1), mean: column(2), maximum: column(3) });
  return {
    from: new Date(begin * 1_000).toISOString(),
    to: new Date(end * 1_000).toISOString(),
    step_seconds: stepSeconds,
    gap_seconds: 31,
    times,
    status: times.map((time) => (time % 5 === 0 ? 'degraded' : 'healthy')),
    series: { database_latency_ms: series(), cache_latency_ms: series() },
    percentiles: { database_latency_ms: { p50: column(8), p95: column(9), p99: column(10) } },
    share: { healthy: column(4), degraded: column(5), unhealthy: column(6), unmeasured: column(7) },
    totals: { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() },
  } as unknown as HistoryDocument;
}

test('many small readings are one large one', () => {
  const rangeMs = 900_000;
  let now = T0 * 1_000;
  let known = read(now - rangeMs, now);
  let asked = 0;
  for (let turn = 1; turn <= 300; turn += 1) {
    // Never in step with the steps, and once longer than the whole range would be.
    now += turn === 150 ? 600_000 : 4_000 + turn * 7;
    const from = now - rangeMs;
    const start = newFrom(known, from);
    assert.ok(start !== null);
    const piece = read(start, now);
    asked += piece.times.length;
    const merged = mergeHistory(known, { ...piece, totals: read(from, now).totals }, from);
    assert.deepEqual(merged, read(from, now), `turn ${turn}`);
    known = merged;
  }
  assert.ok(asked < 300 * 25, `${asked} steps were asked for, of ${300 * 300}`);
});

test('what does not fit together is read anew', () => {
  const now = T0 * 1_000;
  const known = read(now - 900_000, now);
  assert.equal(newFrom(known, now + 60_000), null, 'all of it is older than the time that is shown');
  assert.equal(
    mergeHistory(known, read(now + 60_000, now + 120_000), now - 800_000),
    null,
    'a hole between them',
  );
  assert.equal(mergeHistory(known, read(now - 60_000, now + 4_000, 6), now - 800_000), null, 'another step');
  assert.equal(mergeHistory(known, { ...read(now, now), times: [] }, now - 800_000), null, 'nothing new');
});
