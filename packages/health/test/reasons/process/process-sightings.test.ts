/** What readings of a process show, at their thresholds and on both sides of them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ConnectionReading } from '../../../src/probes/connection-readings.js';
import type { ProcessReading } from '../../../src/reasons/process/process-reading.js';
import { sightProcess } from '../../../src/reasons/process/process-sightings.js';

const NOW_MS = Date.UTC(2026, 10, 28);
const DAY_MS = 86_400_000;

const CALM: ProcessReading = {
  atMs: 0,
  loop: { blocks: 0, longest: null },
  threads: { size: 4, waitedMs: 1 },
  heap: { usedAfterGcBytes: 10, usedBytes: 20, limitBytes: 100 },
  memory: { usedBytes: 89, limitBytes: 100 },
  throttling: { periods: 0, throttled: 0, throttledMs: 0 },
  descriptors: { open: 899, limit: 1_000 },
  connections: [],
};

function seen(...readings: readonly Partial<ProcessReading>[]) {
  return sightProcess(
    readings.map((reading) => Object.assign({}, CALM, reading)),
    NOW_MS,
  ).map(({ code, component, figures }) => [code, component, figures]);
}

function withConnection(connection: Partial<ConnectionReading>): Partial<ProcessReading> {
  const known = { certificateEndsAtMs: null, lookUpMs: null, lookUpError: null };
  return { connections: [{ type: 'database', component: 'database', ...known, ...connection }] };
}

test('of a process that is well, and of none, nothing is seen', () => {
  assert.deepEqual(seen(), []);
  assert.deepEqual(seen({}, {}, {}), []);
  assert.deepEqual(seen({ memory: null, throttling: null, descriptors: null }), []);
});

test('a block of the event loop: the longest, and how much of it this process has computed, and waited for others', () => {
  for (const [cpuMs, waitedMs, computed, waited] of [
    [3_900, 40, 98, 1],
    [200, 3_790, 5, 95],
    [200, 4_100, 5, 100],
    [200, null, 5, null],
  ] as const) {
    const longest = { endedAtMs: 0, lateMs: 4_000, cpuMs, waitedMs };
    const figures = { blocks: 3, longest_ms: 4_000, cpu_percent: computed, waited_percent: waited };
    assert.deepEqual(seen({ loop: { blocks: 3, longest } }), [['EVENT_LOOP_DELAYED', null, figures]]);
  }
});

test('threads that keep a job waiting for a quarter of a second', () => {
  assert.deepEqual(seen({ threads: { size: 4, waitedMs: 249 } }), []);
  assert.deepEqual(seen({ threads: { size: 4, waitedMs: 5_200.4 } }), [
    ['THREAD_POOL_BUSY', null, { threads: 4, waited_ms: 5_200 }],
  ]);
});

describe('the heap', () => {
  const full = { heap: { usedAfterGcBytes: 91, usedBytes: 95, limitBytes: 100 } };
  const uncollected = { heap: { usedAfterGcBytes: null, usedBytes: 99, limitBytes: 100 } };
  const garbage = { heap: { usedAfterGcBytes: 40, usedBytes: 99, limitBytes: 100 } };
  const expected = ['HEAP_NEAR_LIMIT', null, { used_percent: 91, used_bytes: 91, limit_bytes: 100 }];

  test('is full only after three collections that found it full', () => {
    assert.deepEqual(seen(full, full), []);
    assert.deepEqual(seen(full, full, full), [expected]);
    assert.deepEqual(seen(full, uncollected, full, uncollected, full, uncollected), [expected]);
  });

  test('that is full of garbage is not full', () => {
    assert.deepEqual(seen(uncollected, uncollected, uncollected, uncollected), []);
    assert.deepEqual(seen(full, full, garbage, full), []);
    assert.deepEqual(seen(full, full, full, CALM), []);
  });
});

test('memory and descriptors from nine tenths of their limits', () => {
  assert.deepEqual(seen({ memory: { usedBytes: 90, limitBytes: 100 } }), [
    ['MEMORY_NEAR_LIMIT', null, { used_percent: 90, used_bytes: 90, limit_bytes: 100 }],
  ]);
  assert.deepEqual(seen({ descriptors: { open: 900, limit: 1_000 } }), [
    ['DESCRIPTORS_NEAR_LIMIT', null, { used: 900, max: 1_000 }],
  ]);
});

describe('throttling', () => {
  const delayed = { blocks: 1, longest: { endedAtMs: 0, lateMs: 900, cpuMs: 90, waitedMs: 9 } };
  const at = (seconds: number, heldBack: number, periods = seconds * 10): Partial<ProcessReading> => ({
    atMs: seconds * 1_000,
    throttling: { periods, throttled: heldBack, throttledMs: heldBack * 90 },
  });

  function throttled(...readings: readonly Partial<ProcessReading>[]) {
    return seen(...readings).filter(([code]) => code === 'CPU_THROTTLED');
  }

  test('of a quarter of a minute, with a late event loop', () => {
    const found = throttled(at(0, 0), at(30, 75), { ...at(60, 150), loop: delayed });
    assert.deepEqual(found, [['CPU_THROTTLED', null, { throttled_percent: 25, throttled_ms: 13_500 }]]);
  });

  test('is not seen in less than a minute, with less of it, or while nothing was late', () => {
    assert.deepEqual(throttled(at(0, 0), { ...at(30, 150), loop: delayed }), []);
    assert.deepEqual(throttled(at(0, 0), { ...at(60, 149), loop: delayed }), []);
    assert.deepEqual(throttled(at(0, 0), at(60, 600)), []);
  });

  test('of another group begins anew', () => {
    assert.deepEqual(throttled(at(0, 900, 9_000), { ...at(60, 10, 20), loop: delayed }), []);
    assert.deepEqual(throttled({ throttling: null }, { ...at(60, 300), loop: delayed }), []);
  });
});

describe('a certificate', () => {
  for (const [days, level] of [
    [14, 'warning'],
    [3.5, 'warning'],
    [3, 'serious'],
    [0.5, 'serious'],
    [-2, 'serious'],
  ] as const) {
    test(`of ${days} more days: ${level}`, () => {
      const certificateEndsAtMs = NOW_MS + days * DAY_MS;
      assert.deepEqual(seen(withConnection({ certificateEndsAtMs, component: 'database.reports' })), [
        ['CERTIFICATE_ENDS', 'database.reports', { days_left: Math.floor(days), of: 'database', level }],
      ]);
    });
  }

  test('of more than a fortnight is no matter', () => {
    assert.deepEqual(seen(withConnection({ certificateEndsAtMs: NOW_MS + 14 * DAY_MS + 1 })), []);
  });
});

test('a name that is not found at once, and one that takes half a second', () => {
  assert.deepEqual(seen(withConnection({ lookUpMs: 499 })), []);
  assert.deepEqual(seen(withConnection({ lookUpMs: 1_200.6 })), [
    ['NAME_LOOKUP', 'database', { took_ms: 1_201, error: null, of: 'database' }],
  ]);
  assert.deepEqual(seen(withConnection({ lookUpError: 'ENOTFOUND' })), [
    ['NAME_LOOKUP', 'database', { took_ms: null, error: 'ENOTFOUND', of: 'database' }],
  ]);
});
