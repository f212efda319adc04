/** Healthy time in JSON: of the last days together, and of each day of a time zone. */
import type { HealthyTimes } from '../monitoring/healthy-time/healthy-times.js';
import { healthyPercent, type Range, type Sums } from '../monitoring/healthy-time/healthy-time.js';
import { DAY_MS } from '../monitoring/history/history-limits.js';
import { localDays } from '../monitoring/healthy-time/local-days.js';
import type { PausedService } from '../monitoring/pauses/pause.js';
import {
  dateTimeMs,
  exactly,
  integer,
  listOf,
  MOMENT,
  named,
  nonNegativeInteger,
  text,
  textOrNull,
  type FromSchema,
} from './schema.js';

/** What is summed; the longest is also told day by day. */
const RANGES_DAYS = [1, 7, 30, 90] as const;
const DAYS = 90;

/** So that nobody takes it for what users had. */
const MEASURED = 'What the probes saw, not what users saw.';

const SUMS = {
  healthy_ms: nonNegativeInteger('Of this status.'),
  degraded_ms: nonNegativeInteger('Of this status.'),
  unhealthy_ms: nonNegativeInteger('Of this status.'),
  maintenance_ms: nonNegativeInteger('Planned ahead; in no status, measured or not.'),
  unmeasured_ms: nonNegativeInteger('While nobody looked, or it was not known.'),
  healthy_percent: {
    type: ['number', 'null'],
    description:
      'Healthy of all that was measured outside of maintenance, three decimals, rounded down: 100 is all of it. `null`: nothing was.',
  },
} as const;

export const rangeSumsSchema = exactly('Of the latest days together.', {
  days: integer('Of 24 hours, until now.', { minimum: 1 }),
  ...SUMS,
});

export const daySumsSchema = exactly('A day, from midnight to midnight of the time zone.', {
  date: text('Such as `2026-03-29`.'),
  from: dateTimeMs('Its begin.'),
  to: dateTimeMs('Its end; now, where it has not ended.'),
  ...SUMS,
});

export const healthyTimeSchema = named(
  'HealthyTime',
  exactly(`For how long a service was healthy, to the millisecond, from events. ${MEASURED}`, {
    service: text('Name of the service.'),
    measures: text('What it is, and what it is not.'),
    to: dateTimeMs('Now.'),
    complete_from: textOrNull('Since when something was measured; `null`: nothing was.', MOMENT),
    ranges: listOf(rangeSumsSchema, `The last ${RANGES_DAYS.join(', ')} days.`),
    parts: listOf(
      exactly('A part of the service, healthy while none of its own troubles was seen.', {
        part: text('`database`, `cache`, `source` or the name of a check.'),
        ranges: listOf(rangeSumsSchema, 'As those of the service.'),
      }),
      'Of a service that watches itself; else none.',
    ),
    time_zone: text('Of the days.'),
    days: listOf(daySumsSchema, `The latest ${DAYS}, the last of which is today.`),
  }),
);

/**
 * @param timeZone - one that there is
 * @throws PortalError (unavailable) when the disk does not answer in time
 */
export async function readHealthyTime(
  times: HealthyTimes,
  service: PausedService,
  timeZone: string,
  nowMs: number,
): Promise<FromSchema<typeof healthyTimeSchema>> {
  const ranges = RANGES_DAYS.map((days) => ({ fromMs: nowMs - days * DAY_MS, toMs: nowMs }));
  const days = localDays(timeZone, nowMs, DAYS);
  const asked: readonly Range[] = [...ranges, ...days];
  const found = await times.read(service, asked);
  const sums = found?.sums ?? asked.map(nothingIn);
  const published = (of: readonly Sums[]) =>
    RANGES_DAYS.map((count, index) => withSums({ days: count }, of[index]));
  return {
    service: service.name,
    measures: MEASURED,
    to: timeOf(nowMs),
    complete_from: found ? timeOf(found.completeFromMs) : null,
    ranges: published(sums),
    parts: (found?.parts ?? []).map(({ part, sums: of }) => ({ part, ranges: published(of) })),
    time_zone: timeZone,
    days: days.map(({ date, fromMs, toMs }, index) =>
      withSums({ date, from: timeOf(fromMs), to: timeOf(toMs) }, sums[ranges.length + index]),
    ),
  };
}

function nothingIn({ fromMs, toMs }: Range): Sums {
  return { healthy: 0, degraded: 0, unhealthy: 0, maintenance: 0, unmeasured: Math.max(0, toMs - fromMs) };
}

function withSums<Of extends object>(of: Of, sums: Sums = nothingIn({ fromMs: 0, toMs: 0 })) {
  return {
    ...of,
    healthy_ms: sums.healthy,
    degraded_ms: sums.degraded,
    unhealthy_ms: sums.unhealthy,
    maintenance_ms: sums.maintenance,
    unmeasured_ms: sums.unmeasured,
    healthy_percent: healthyPercent(sums),
  };
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}
