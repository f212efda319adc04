import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createDuty } from '../../src/watch/duty.js';

const PORTION_MS = 25;
const HOUR_MS = 3_600_000;

/** Portions that each reader was given in an hour, and what the busiest minute has cost. */
function readFor(readers: readonly { readonly restsFromMs: number }[]) {
  let nowMs = 0;
  const duty = createDuty(() => nowMs);
  const spent: number[] = [];
  const counts = readers.map(() => 0);
  const due = readers.map(() => 0);
  while (nowMs < HOUR_MS) {
    const next = due.indexOf(Math.min(...due));
    nowMs = Math.max(nowMs, due[next] ?? 0) + PORTION_MS;
    spent.push(nowMs);
    counts[next] = (counts[next] ?? 0) + 1;
    const restMs = duty.restAfter(PORTION_MS);
    due[next] = nowMs >= (readers[next]?.restsFromMs ?? 0) ? Number.POSITIVE_INFINITY : nowMs + restMs;
  }
  const busiestMs = Math.max(
    ...spent.map((from) => spent.filter((at) => at >= from && at < from + 60_000).length * PORTION_MS),
  );
  return { counts, busiestMs };
}

describe('reading everything again', () => {
  test('costs at most a hundredth of one processor, however many read', () => {
    for (const readers of [1, 2, 3]) {
      const { busiestMs } = readFor(Array.from({ length: readers }, () => ({ restsFromMs: HOUR_MS })));
      // The first portions come at once, each.
      assert.ok(busiestMs <= 60_000 * 0.01 + readers * PORTION_MS, `${readers}: ${busiestMs}`);
    }
  });

  test('who reads alone has all of it, and two have half each', () => {
    const [alone = 0] = readFor([{ restsFromMs: HOUR_MS }]).counts;
    const [first = 0, second = 0] = readFor([{ restsFromMs: HOUR_MS }, { restsFromMs: HOUR_MS }]).counts;
    assert.ok(
      first === second && Math.abs(first + second - alone) < alone * 0.02,
      `${alone} ${first} ${second}`,
    );
    const [, large = 0] = readFor([{ restsFromMs: 60_000 }, { restsFromMs: HOUR_MS }]).counts;
    assert.ok(large > alone * 0.98, `${large} of ${alone}`);
    // 63,000 files of 654 MB are 4.5 s of a processor.
    assert.ok(alone * PORTION_MS >= 3 * 4_500, `${alone}`);
  });
});
