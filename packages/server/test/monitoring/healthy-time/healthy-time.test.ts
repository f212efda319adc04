/**
 * Healthy time against a second computation: unit by unit, and day by day over clock changes.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  healthyPercent,
  MEASURED,
  partStretches,
  segmentsOf,
  sumsOf,
  type Range,
  type Stretch,
  type TimeKind,
} from '../../../src/monitoring/healthy-time/healthy-time.js';
import { sumsByQuarter, stretchesOfSums, QUARTER_MS } from '../../../src/monitoring/healthy-time/carried.js';
import { outagesIn, statusSince } from '../../../src/monitoring/healthy-time/outages.js';
import { isTimeZone, localDays } from '../../../src/monitoring/healthy-time/local-days.js';

const UNITS = 120;
const HOUR_MS = 3_600_000;

const range: fc.Arbitrary<Range> = fc
  .tuple(fc.integer({ min: 0, max: UNITS }), fc.integer({ min: 0, max: UNITS }))
  .map(([one, other]) => ({ fromMs: Math.min(one, other), toMs: Math.max(one, other) }));
const stretch: fc.Arbitrary<Stretch> = fc
  .tuple(range, fc.constantFrom(...MEASURED))
  .map(([{ fromMs, toMs }, status]) => ({ fromMs, toMs, status }));

/** The second computation: what a unit of time is, by looking at everything that covers it. */
function kindAt(at: number, stretches: readonly Stretch[], maintenance: readonly Range[]): TimeKind | null {
  const covers = ({ fromMs, toMs }: Range): boolean => fromMs <= at && at < toMs;
  if (maintenance.some(covers)) return 'maintenance';
  const statuses = stretches.filter(covers).map(({ status }) => MEASURED.indexOf(status));
  return statuses.length === 0 ? null : (MEASURED[Math.max(...statuses)] ?? null);
}

test('the sums of any range are those of its units, the worst of each, with maintenance apart', () => {
  fc.assert(
    fc.property(
      fc.array(stretch, { maxLength: 12 }),
      fc.array(range, { maxLength: 4 }),
      range,
      (stretches, maintenance, asked) => {
        const expected = { healthy: 0, degraded: 0, unhealthy: 0, maintenance: 0, unmeasured: 0 };
        for (let at = asked.fromMs; at < asked.toMs; at += 1) {
          expected[kindAt(at, stretches, maintenance) ?? 'unmeasured'] += 1;
        }
        assert.deepEqual(sumsOf(segmentsOf(stretches, maintenance), asked), expected);
      },
    ),
    { numRuns: 500 },
  );
});

test('a part is healthy where the service was measured and the part had no trouble', () => {
  fc.assert(
    fc.property(
      fc.array(stretch, { maxLength: 6 }),
      fc.array(stretch, { maxLength: 6 }),
      (service, troubles) => {
        const sums = sumsOf(segmentsOf(partStretches(segmentsOf(service), troubles)), {
          fromMs: 0,
          toMs: UNITS,
        });
        const expected = { healthy: 0, degraded: 0, unhealthy: 0, maintenance: 0, unmeasured: 0 };
        for (let at = 0; at < UNITS; at += 1) {
          const isMeasured = kindAt(at, service, []) !== null;
          const trouble = kindAt(at, troubles, []);
          expected[isMeasured ? (trouble ?? 'healthy') : 'unmeasured'] += 1;
        }
        assert.deepEqual(sums, expected);
      },
    ),
  );
});

test('percent is rounded down: 100 is all of it, and nothing measured has none', () => {
  const sums = { healthy: 0, degraded: 0, unhealthy: 0, maintenance: 5, unmeasured: 5 };
  assert.equal(healthyPercent(sums), null);
  assert.equal(healthyPercent({ ...sums, healthy: 90 * 24 * HOUR_MS, unhealthy: 1 }), 99.999);
  assert.equal(healthyPercent({ ...sums, healthy: 7 }), 100);
  assert.equal(healthyPercent({ ...sums, degraded: 7 }), 0);
});

test('what is kept by the quarter has the sums of whole quarters', () => {
  const at = fc.integer({ min: 0, max: 5 * QUARTER_MS });
  fc.assert(
    fc.property(fc.array(fc.tuple(at, fc.constantFrom(...MEASURED)), { maxLength: 12 }), (cuts) => {
      const times = cuts.map(([time]) => time).toSorted((one, other) => one - other);
      const stretches = cuts.flatMap(([, status], index) => {
        const [fromMs = 0, toMs = fromMs] = times.slice(index, index + 2);
        return toMs > fromMs ? [{ status, fromMs, toMs }] : [];
      });
      const kept = [...sumsByQuarter(stretches)].flatMap(([begin, sums]) =>
        stretchesOfSums(begin, QUARTER_MS, sums),
      );
      for (let quarter = 0; quarter < 5; quarter += 1) {
        const asked = { fromMs: quarter * QUARTER_MS, toMs: (quarter + 1) * QUARTER_MS };
        assert.deepEqual(sumsOf(segmentsOf(kept), asked), sumsOf(segmentsOf(stretches), asked));
      }
    }),
  );
});

/** With clock changes, half hours, quarters, a change of half an hour, and a date that was left out. */
const ZONES: readonly (readonly [zone: string, now: string])[] = [
  ['UTC', '2026-03-01T12:00:00Z'],
  ['Europe/Berlin', '2026-04-10T12:00:00Z'],
  ['Europe/Berlin', '2026-11-20T23:30:00Z'],
  ['America/New_York', '2026-11-20T03:00:00Z'],
  ['Asia/Kolkata', '2026-03-01T18:45:00Z'],
  ['Asia/Kathmandu', '2026-03-01T18:20:00Z'],
  ['Australia/Lord_Howe', '2026-04-20T00:00:00Z'],
  ['America/Santiago', '2026-09-20T12:00:00Z'],
  ['Africa/Cairo', '2026-05-20T12:00:00Z'],
  ['Pacific/Apia', '2012-01-20T12:00:00Z'],
  ['Pacific/Kiritimati', '2026-03-01T10:30:00Z'],
  ['Pacific/Pago_Pago', '2026-03-01T10:30:00Z'],
];

test('days of a zone are what its calendar says, half an hour by half an hour, also where clocks change', () => {
  for (const [zone, now] of ZONES) {
    const nowMs = Date.parse(now);
    const days = localDays(zone, nowMs, 60);
    assert.equal(days.length, 60);
    const format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short' });
    assert.equal(days.at(-1)?.date, format.format(nowMs), zone);
    for (const [index, { date, fromMs, toMs }] of days.entries()) {
      assert.equal(toMs, days[index + 1]?.fromMs ?? toMs, `${zone}: ${date} ends when the next day begins`);
      for (let at = fromMs; at < toMs; at += 2 * QUARTER_MS) {
        assert.equal(format.format(at), date, `${zone} at ${new Date(at).toISOString()}`);
      }
      if (toMs > fromMs) {
        assert.equal(format.format(toMs - 1), date, zone);
        assert.notEqual(format.format(fromMs - 1), date, zone);
      }
    }
  }
  const hoursOf = (zone: string, now: string, date: string): number => {
    const day = localDays(zone, Date.parse(now), 60).find((one) => one.date === date);
    return ((day?.toMs ?? 0) - (day?.fromMs ?? 0)) / HOUR_MS;
  };
  assert.equal(hoursOf('Europe/Berlin', '2026-04-10T12:00:00Z', '2026-03-29'), 23);
  assert.equal(hoursOf('Europe/Berlin', '2026-11-20T12:00:00Z', '2026-10-25'), 25);
  assert.equal(hoursOf('Australia/Lord_Howe', '2026-04-20T00:00:00Z', '2026-04-05'), 24.5);
  assert.equal(hoursOf('Pacific/Apia', '2012-01-20T12:00:00Z', '2011-12-30'), 0);
});

test('what is no time zone is none', () => {
  assert.deepEqual(['Europe/Berlin', 'UTC', 'Europe/Nowhere', '', '../etc'].map(isTimeZone), [
    true,
    true,
    false,
    false,
    false,
  ]);
});

test('troubles that follow one another closely are one, as bad as the worst; maintenance is none', () => {
  const minute = 60_000;
  const segment = (kind: TimeKind, from: number, to: number) => ({
    kind,
    fromMs: from * minute,
    toMs: to * minute,
  });
  const segments = [
    segment('healthy', 0, 10),
    segment('degraded', 10, 12),
    segment('healthy', 12, 15),
    segment('unhealthy', 15, 16),
    segment('degraded', 16, 17),
    segment('maintenance', 17, 60),
    segment('degraded', 90, 95),
  ];
  assert.deepEqual(outagesIn(segments), [
    { fromMs: 90 * minute, toMs: 95 * minute, worst: 'degraded', isOpen: true },
    { fromMs: 10 * minute, toMs: 17 * minute, worst: 'unhealthy', isOpen: false },
  ]);
  assert.deepEqual(outagesIn([]), []);
  // A start of the watcher in between changes nothing; a day without a look does.
  assert.equal(statusSince(segments, 'degraded', 94 * minute), 90 * minute);
  assert.equal(statusSince(segments, 'healthy', 96 * minute), 96 * minute);
  const restarted = [segment('healthy', 0, 100), segment('healthy', 130, 140)];
  assert.equal(statusSince(restarted, 'healthy', 131 * minute), 0);
  const long = [segment('healthy', 0, 100), segment('healthy', 1_600, 1_610)];
  assert.equal(statusSince(long, 'healthy', 1_601 * minute), 1_600 * minute);
});
