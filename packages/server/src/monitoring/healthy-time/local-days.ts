/**
 * The days of a time zone. Pure. A day has 23, 24 or 25 hours, or others where a zone has moved; midnight may not exist; a
 * date may be left out altogether.
 */
import { DAY_MS, HOUR_MS } from '../history/history-limits.js';
import type { Range } from './healthy-time.js';

/** Times in milliseconds since 1970. */
export interface LocalDay extends Range {
  /** `2026-03-29`. */
  readonly date: string;
}

/** The furthest that a zone is from UTC, and more. */
const FURTHEST_MS = 28 * HOUR_MS;

/** @param timeZone - a name of the IANA's, such as `Europe/Berlin` */
export function isTimeZone(timeZone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/**
 * The latest `count` days, the last of which is today, and ends now.
 *
 * @throws RangeError where there is no such zone
 */
export function localDays(timeZone: string, nowMs: number, count: number): readonly LocalDay[] {
  const dateOf = createDateOf(timeZone);
  const today = Date.parse(`${dateOf(nowMs)}T00:00:00Z`);
  const dates = Array.from({ length: count + 1 }, (_, index) =>
    new Date(today - (count - 1 - index) * DAY_MS).toISOString().slice(0, 10),
  );
  const begins = dates.map((date) => beginOf(date, dateOf));
  return dates.slice(0, -1).map((date, index) => ({
    date,
    fromMs: begins[index] ?? 0,
    toMs: Math.min(begins[index + 1] ?? 0, nowMs),
  }));
}

/** The first millisecond at which it is this date or a later one. */
function beginOf(date: string, dateOf: (atMs: number) => string): number {
  const middle = Date.parse(`${date}T00:00:00Z`);
  let before = middle - FURTHEST_MS;
  let after = middle + FURTHEST_MS;
  while (after - before > 1) {
    const between = Math.floor((before + after) / 2);
    if (dateOf(between) >= date) after = between;
    else before = between;
  }
  return after;
}

function createDateOf(timeZone: string): (atMs: number) => string {
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone,
    calendar: 'iso8601',
    numberingSystem: 'latn',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  });
  return (atMs) => {
    const parts = new Map(format.formatToParts(atMs).map(({ type, value }) => [type, value]));
    return `${parts.get('year') ?? ''}-${parts.get('month') ?? ''}-${parts.get('day') ?? ''}`;
  };
}
