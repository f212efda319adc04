/** Times and durations as texts, in the user's time zone; and UTC. */

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

const TIME = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const DAY = new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: 'numeric', month: 'short' });
const YEAR = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });

/** Today the time, else with the day, else with the year. */
export function moment(atMs: number, nowMs: number): string {
  const at = new Date(atMs);
  const now = new Date(nowMs);
  if (at.toDateString() === now.toDateString()) return TIME.format(at);
  if (Math.abs(nowMs - atMs) < 180 * DAY_MS) return `${DAY.format(at)}, ${TIME.format(at)}`;
  return `${YEAR.format(at)}, ${TIME.format(at)}`;
}

/** `2026-03-01 02:41:07 UTC`. */
export function utc(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
