/** Healthy time as words. */
import type { HealthyTimeDocument } from 'portal-server/api';
import { exactDuration } from './time.js';

type Day = HealthyTimeDocument['days'][number];
type Range = HealthyTimeDocument['ranges'][number];
type RangeSums = Omit<Range, 'days'>;

/** What a day is drawn as: the worst of it, for however short a time; `null`: nothing was measured. */
export function worstOf(sums: RangeSums): 'healthy' | 'degraded' | 'unhealthy' | 'maintenance' | null {
  if (sums.unhealthy_ms > 0) return 'unhealthy';
  if (sums.degraded_ms > 0) return 'degraded';
  if (sums.healthy_ms > 0) return 'healthy';
  return sums.maintenance_ms > 0 ? 'maintenance' : null;
}

/** `99.987 %`. It is rounded down already: 100 is all of the time. */
export function percentText(sums: RangeSums): string {
  return sums.healthy_percent === null ? 'not measured' : `${sums.healthy_percent} %`;
}

/** `unhealthy 2 min 10 s, degraded 1 h, maintenance 2 h`; empty where all was well. */
export function unwellText(sums: RangeSums): string {
  const named = [
    ['unhealthy', sums.unhealthy_ms],
    ['degraded', sums.degraded_ms],
    ['maintenance', sums.maintenance_ms],
  ] as const;
  return named
    .filter(([, ms]) => ms > 0)
    .map(([name, ms]) => `${name} ${exactDuration(ms)}`)
    .join(', ');
}

/** Those that were not wholly healthy, the latest first. */
export function daysWithTrouble(days: readonly Day[]): readonly Day[] {
  return days.filter((day) => unwellText(day) !== '').toReversed();
}

/** What the bars say, for who cannot see them. */
export function daysText(days: readonly Day[]): string {
  const counts = { unhealthy: 0, degraded: 0, healthy: 0, maintenance: 0, unmeasured: 0 };
  for (const day of days) counts[worstOf(day) ?? 'unmeasured'] += 1;
  const named = [
    [counts.unhealthy, 'with unhealthy time'],
    [counts.degraded, 'degraded at the worst'],
    [counts.healthy, 'healthy'],
    [counts.maintenance, 'of maintenance alone'],
    [counts.unmeasured, 'not measured'],
  ] as const;
  return `Of ${days.length} days ${named
    .filter(([count]) => count > 0)
    .map(([count, words]) => `${count} ${words}`)
    .join(', ')}`;
}
