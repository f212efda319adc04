/**
 * Figures and names in words. What is `null` is said to be hidden or unknown.
 */
import { NOT_SHOWABLE } from 'portal-shared/vet-name';
import type { Figures, Names } from './sighting.js';

/** `application "worker"`, or an application with a name that cannot be shown. */
function named(kind: 'application' | 'role', name: string): string {
  if (name !== NOT_SHOWABLE) return `${kind} "${name}"`;
  return `${kind === 'application' ? 'an' : 'a'} ${kind} with ${NOT_SHOWABLE}`;
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** `850 ms`, `31 s`, `5 min`, `3 h`, `12 days`: whole numbers, and two of the smaller unit before the larger one. */
export function duration(ms: number | string | null | undefined): string {
  if (!isFigure(ms)) return 'a time that is not known';
  if (ms < SECOND_MS) return `${Math.round(ms)} ms`;
  if (ms < 2 * MINUTE_MS) return `${Math.floor(ms / SECOND_MS)} s`;
  if (ms < 2 * HOUR_MS) return `${Math.floor(ms / MINUTE_MS)} min`;
  if (ms < 2 * DAY_MS) return `${Math.floor(ms / HOUR_MS)} h`;
  return `${Math.floor(ms / DAY_MS)} days`;
}

/** `64 kB`, `1.2 GB`. */
export function size(bytes: number | string | null | undefined): string {
  if (!isFigure(bytes)) return 'an unknown amount';
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  const power = bytes < 1_000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  const inUnit = bytes / 1_000 ** power;
  return `${inUnit < 10 && power > 0 ? inUnit.toFixed(1) : Math.floor(inUnit)} ${units[power]}`;
}

/** `1 session waits`, `14 sessions wait`. */
export function counted(
  count: number | string | null | undefined,
  [one, many]: readonly [one: string, many: string],
): string {
  if (!isFigure(count)) return `An unknown number of ${many}`;
  return `${amount(count)} ${count === 1 ? one : many}`;
}

/** A number as people read it: `1,200`. */
export function amount(value: number | string | null | undefined): string {
  return isFigure(value)
    ? String(Math.floor(value)).replaceAll(/\B(?=(\d{3})+$)/g, ',')
    : 'an unknown number';
}

/** `84 %`. */
export function percent(value: number | string | null | undefined): string {
  return isFigure(value) ? `${Math.floor(value)} %` : 'an unknown part';
}

export function isFigure(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

const HIDDEN = 'what it does is hidden from this role (grant pg_monitor)';

/**
 * Who stands at the head and what it does there: `head_state` is PostgreSQL's word for a state, `prepared` for a prepared
 * transaction, `gone` for a session that has ended since, `null` for what is hidden; `head_ms` for how long.
 */
export function whoDoes(figures: Figures, names: Names): string {
  const { head_state: state = null, head_ms: forMs = null } = figures;
  if (state === 'prepared') return `an unfinished prepared transaction${since(forMs)}`;
  if (state === 'gone') return 'a session that has just gone';
  const session = `a session of ${ownerOf(names)}`;
  if (state === null) return `${session}; ${HIDDEN}`;
  if (state === 'active') return `${session} that runs a statement${since(forMs)}`;
  if (String(state).startsWith('idle in transaction')) {
    return `${session} that has done nothing in an open transaction${since(forMs)}`;
  }
  return `${session} that runs no statement${since(forMs)}`;
}

function since(ms: number | string | null): string {
  return ms === null ? '' : ` for ${duration(ms)}`;
}

/** By the application's name, or the role's where it gave none. */
export function ownerOf({ application, role }: Names): string {
  if (application !== undefined) return named('application', application);
  return role === undefined ? 'an unnamed application' : named('role', role);
}
