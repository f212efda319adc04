/** Times and durations as texts: in the language of the browser, in the user's time zone or in UTC. */

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** `8 s`, `6 min`, `3 h 20 min`, `12 d 4 h`: two units at most. */
export function duration(ms: number): string {
  const rest = Math.max(0, ms);
  if (rest < MINUTE_MS) return `${Math.floor(rest / SECOND_MS)} s`;
  if (rest < 10 * MINUTE_MS) return two(rest, MINUTE_MS, 'min', SECOND_MS, 's');
  if (rest < HOUR_MS) return `${Math.floor(rest / MINUTE_MS)} min`;
  if (rest < DAY_MS) return two(rest, HOUR_MS, 'h', MINUTE_MS, 'min');
  return two(rest, DAY_MS, 'd', HOUR_MS, 'h');
}

/** To the second, whatever the length: `1 h 18 min 36 s`. For sums, which must not be rounded. */
export function exactDuration(ms: number): string {
  let rest = Math.round(Math.max(0, ms) / SECOND_MS) * SECOND_MS;
  const words = UNITS.map(([unit, name]) => {
    const count = Math.floor(rest / unit);
    rest -= count * unit;
    return count === 0 ? '' : `${count} ${name}`;
  });
  return words.filter((word) => word !== '').join(' ') || '0 s';
}

const UNITS = [
  [DAY_MS, 'd'],
  [HOUR_MS, 'h'],
  [MINUTE_MS, 'min'],
  [SECOND_MS, 's'],
] as const;

function two(ms: number, large: number, largeName: string, small: number, smallName: string): string {
  const rest = Math.floor((ms % large) / small);
  return `${Math.floor(ms / large)} ${largeName}${rest === 0 ? '' : ` ${rest} ${smallName}`}`;
}

/** The zone of the browser, or that of logs and of colleagues elsewhere. */
export type Zone = 'local' | 'utc';

const TIME = { hour: '2-digit', minute: '2-digit', second: '2-digit' } as const;
const CLOCK = { hour: '2-digit', minute: '2-digit' } as const;
const WEEKDAY = { weekday: 'short', day: 'numeric', month: 'short' } as const;
const DAY = { day: 'numeric', month: 'short' } as const;
const YEAR = { day: 'numeric', month: 'short', year: 'numeric' } as const;

/** Texts of moments, in milliseconds since 1970. */
export interface Moments {
  /** Today the time, else with the day, else with the year. In UTC it says so, for nothing else tells. */
  readonly moment: (atMs: number, nowMs: number) => string;
  /** `02:41`, on an axis. */
  readonly clock: (atMs: number) => string;
  /** `1 Mar`, on an axis. */
  readonly day: (atMs: number) => string;
}

/** @param locale - default: the browser's */
export function createMoments(zone: Zone, locale?: string): Moments {
  const format = (options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat =>
    new Intl.DateTimeFormat(locale, zone === 'utc' ? { ...options, timeZone: 'UTC' } : options);
  const time = format(TIME);
  const clock = format(CLOCK);
  const weekday = format(WEEKDAY);
  const day = format(DAY);
  const year = format(YEAR);
  const name = zone === 'utc' ? ' UTC' : '';
  return {
    moment(atMs, nowMs) {
      const words = `${time.format(atMs)}${name}`;
      if (year.format(atMs) === year.format(nowMs)) return words;
      const date = Math.abs(nowMs - atMs) < 180 * DAY_MS ? weekday : year;
      return `${date.format(atMs)}, ${words}`;
    },
    clock: (atMs) => clock.format(atMs),
    day: (atMs) => day.format(atMs),
  };
}

/** Made once: making a format takes longer than using it. */
export const MOMENTS: Readonly<Record<Zone, Moments>> = {
  local: createMoments('local'),
  utc: createMoments('utc'),
};

/** `2026-03-01 02:41:07 UTC`. */
export function utc(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
