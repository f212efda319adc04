/**
 * From what was asked of the history to what is read: which rows, in steps of what length. Pure.
 */
import { PortalError } from '../../errors.js';
import { DAY_MS, HOUR_MS, MINUTE_MS, MINUTES_FOR_MS, SAMPLES_FOR_MS, SECOND_MS } from './retention.js';
import type { Range } from './sums.js';

/** The rows, from fine to coarse. */
export type Table = 'samples' | 'minutes' | 'hours';

/** What is read. `fromMs` and `toMs` lie on the grid of steps. */
export interface Plan {
  readonly table: Table;
  readonly fromMs: number;
  /** Not included. */
  readonly toMs: number;
  readonly stepMs: number;
}

/** A query string, as the framework takes it apart. */
export type Query = Readonly<Record<string, unknown>>;

/** Most points of one answer. */
export const MOST_POINTS = 2_000;
/** Without a step, one is chosen that makes about half as many points as a wide screen has pixels. */
const WANTED_POINTS = 600;
const DEFAULT_RANGE_MS = 15 * MINUTE_MS;
/** Steps that people can think in, in seconds. */
const ROUND_SECONDS = [
  1, 2, 3, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 21_600, 43_200, 86_400,
];
/** Rows are thrown out once a minute, so those of the last hour are still there a little longer. */
const SLACK_MS = MINUTE_MS;

/**
 * The time that is asked for, to the millisecond.
 *
 * @throws PortalError (badRequest) naming the parameter that cannot be used
 */
export function rangeOf(query: Query, nowMs: number): Range {
  const toMs = timeIn(query, 'to') ?? nowMs;
  const fromMs = timeIn(query, 'from') ?? toMs - DEFAULT_RANGE_MS;
  if (fromMs >= toMs) throw new PortalError('badRequest', 'Expected `from` to be before `to`.');
  return { fromMs, toMs };
}

/**
 * @param shortestMs - a step in which there is always a sample while the service runs
 * @throws PortalError (badRequest) naming the parameter that cannot be used
 */
export function planOf(query: Query, nowMs: number, shortestMs: number): Plan {
  const { fromMs, toMs } = rangeOf(query, nowMs);
  const rangeMs = toMs - fromMs;
  const askedMs = wholeNumberIn(query, 'step', 1, 366 * 86_400);
  // One point less, because the grid may begin before `from` and end after `to`.
  const leastMs = rangeMs / (MOST_POINTS - 2);
  const wantedMs = Math.max(shortestMs, leastMs, (askedMs ?? 0) * SECOND_MS);
  const atLeastMs = askedMs === undefined ? roundUp(Math.max(wantedMs, rangeMs / WANTED_POINTS)) : wantedMs;
  const ageMs = nowMs - fromMs;
  if (ageMs <= SAMPLES_FOR_MS + SLACK_MS && atLeastMs < MINUTE_MS) {
    return onGrid('samples', fromMs, toMs, multiple(atLeastMs, SECOND_MS));
  }
  if (ageMs <= MINUTES_FOR_MS + SLACK_MS && atLeastMs < HOUR_MS) {
    return onGrid('minutes', fromMs, toMs, multiple(atLeastMs, MINUTE_MS));
  }
  return onGrid('hours', fromMs, toMs, multiple(atLeastMs, HOUR_MS));
}

function onGrid(table: Table, fromMs: number, toMs: number, stepMs: number): Plan {
  return {
    table,
    stepMs,
    fromMs: Math.floor(fromMs / stepMs) * stepMs,
    toMs: Math.ceil(toMs / stepMs) * stepMs,
  };
}

function multiple(ms: number, ofMs: number): number {
  return Math.max(1, Math.ceil(ms / ofMs)) * ofMs;
}

function roundUp(ms: number): number {
  const round = ROUND_SECONDS.find((seconds) => seconds * SECOND_MS >= ms);
  return round === undefined ? multiple(ms, DAY_MS) : round * SECOND_MS;
}

/** A date with a time and a zone, or a date alone, which begins in UTC. */
const ISO = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2}))?$/;

/**
 * A time of the query in milliseconds since 1970; `undefined` when it is left out.
 *
 * @throws PortalError (badRequest) when it is no time
 */
export function timeIn(query: Query, name: string): number | undefined {
  const text = query[name];
  if (text === undefined) return undefined;
  const ms = typeof text === 'string' && ISO.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isFinite(ms)) {
    throw new PortalError(
      'badRequest',
      `Expected \`${name}\` to be a time such as 2026-03-01T02:41:00Z; a + in it is written %2B.`,
    );
  }
  return ms;
}

/**
 * A whole number of the query; `undefined` when it is left out.
 *
 * @throws PortalError (badRequest) when it is none, or out of bounds
 */
export function wholeNumberIn(query: Query, name: string, from: number, to: number): number | undefined {
  const text = query[name];
  if (text === undefined) return undefined;
  const value = typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= from && value <= to)) {
    throw new PortalError('badRequest', `Expected \`${name}\` to be a whole number from ${from} to ${to}.`);
  }
  return value;
}
