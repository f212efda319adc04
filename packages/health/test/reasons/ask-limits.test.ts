import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAskLimits } from '../../src/reasons/ask-limits.js';

function limitsAt(paceMs: () => number): {
  limits: ReturnType<typeof createAskLimits>;
  at: (ms: number) => void;
} {
  let nowMs = 0;
  return {
    limits: createAskLimits(paceMs, () => nowMs),
    at: (ms) => {
      nowMs = ms;
    },
  };
}

test('at its pace, and never while one is under way', () => {
  let paceMs = 15_000;
  const { limits, at } = limitsAt(() => paceMs);
  assert.equal(limits.begin(), true);
  at(60_000);
  assert.equal(limits.begin(), false);
  limits.answered();
  assert.equal(limits.begin(), true);
  limits.answered();
  at(74_000);
  assert.equal(limits.begin(), false);
  paceMs = 5_000;
  assert.equal(limits.begin(), true);
});

for (const code of ['overrun', '57014', '55P03']) {
  test(`two of ${code} in a row: silent for a minute`, () => {
    const { limits, at } = limitsAt(() => 5_000);
    limits.begin();
    assert.equal(limits.failed(code), 'overrun');
    at(5_000);
    assert.equal(limits.begin(), true);
    limits.failed(code);
    at(64_000);
    assert.equal(limits.isDue(), false);
    at(65_000);
    assert.equal(limits.begin(), true);
  });
}

test('an answer in between counts anew; a server that knows no such question is not asked for an hour', () => {
  const { limits, at } = limitsAt(() => 5_000);
  for (const [ms, code] of [
    [0, 'overrun'],
    [5_000, undefined],
    [10_000, 'overrun'],
    [15_000, '42883'],
  ] as const) {
    at(ms);
    assert.equal(limits.begin(), true, String(ms));
    if (code === undefined) limits.answered();
    else limits.failed(code);
  }
  at(15_000 + 3_599_999);
  assert.equal(limits.isDue(), false);
  at(15_000 + 3_600_000);
  assert.equal(limits.isDue(), true);
});

test('a connection that broke says nothing about asking', () => {
  const { limits, at } = limitsAt(() => 5_000);
  for (let time = 0; time < 10; time += 1) {
    at(time * 5_000);
    assert.equal(limits.begin(), true);
    assert.equal(limits.failed('ECONNRESET'), 'error');
  }
});

/** An hour of instances that look every second whether to ask: the longest time of each between two answers, and all tries. */
function anHourOf(pacesMs: readonly number[]): { longest: readonly number[]; tries: number } {
  let heldUntil = 0;
  let seconds = 0;
  let tries = 0;
  const longest = pacesMs.map(() => 0);
  const answered = pacesMs.map(() => 0);
  const all = pacesMs.map((paceMs) =>
    createAskLimits(
      () => paceMs,
      () => seconds * 1_000,
    ),
  );
  for (; seconds < 3_600; seconds += 1) {
    for (const place of all.keys()) {
      // Who looks first in a second is another one each time.
      const index = (place + seconds) % all.length;
      const limits = all[index];
      longest[index] = Math.max(longest[index] ?? 0, seconds - (answered[index] ?? 0));
      if (!limits?.begin()) continue;
      tries += 1;
      if (seconds < heldUntil) {
        limits.postponed();
        continue;
      }
      heldUntil = seconds + 2;
      answered[index] = seconds;
      limits.answered();
    }
  }
  return { longest, tries };
}

test('one that somebody else asks is tried again within five seconds, at a time of chance', () => {
  const waits = Array.from({ length: 200 }, () => {
    const { limits, at } = limitsAt(() => 10_000);
    limits.begin();
    limits.postponed();
    let ms = 0;
    for (; !limits.isDue(); ms += 100) at(ms);
    return ms;
  });
  assert.ok(Math.max(...waits) <= 5_200, `${Math.max(...waits)} ms`);
  assert.ok(Math.max(...waits) - Math.min(...waits) > 2_000, 'not in step with others');
});

test('fifty of them try less often than they could, and each has its turn', () => {
  const { longest, tries } = anHourOf(Array.from({ length: 50 }, () => 5_000));
  assert.ok(tries < 30_000, `${tries} tries in an hour`);
  assert.ok(Math.max(...longest) < 3_000, `${longest.join(' s, ')} s without an answer`);
});
