/**
 * From a requested range to the table and the steps that are read. Pure.
 */
import { PortalError } from '../../errors.js';
import { DAY_MS, HOUR_MS, MINUTE_MS, MINUTES_FOR_MS, SAMPLES_FOR_MS, SECOND_MS } from './history-limits.js';
import type { Range } from '../healthy-time/healthy-time.js';

export type HistoryTable = 'samples' | 'minutes' | 'hours';

/** `fromMs` and `toMs` are multiples of `stepMs`. */
export interface HistoryQuery {
  readonly table: HistoryTable;
  readonly fromMs: number;
  /** Not included. */
  readonly toMs: number;
  readonly stepMs: number;
}

/** As requested; each has a default. Times in milliseconds since 1970. */
export interface HistorySelection {
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
  /** Shortest length of a step; default: one that makes some hundreds of steps. */
  readonly stepSeconds?: number | undefined;
}

/** In one response. */
export const MOST_POINTS = 2_000;
/** By default: a point for every second or third pixel of a wide screen. */
const WANTED_POINTS = 600;
const DEFAULT_RANGE_MS = 15 * MINUTE_MS;
/** Default lengths of a step, in seconds. */
const ROUND_SECONDS = [
  1, 2, 3, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 21_600, 43_200, 86_400,
];
/** Rows are pruned once a minute, so those of the last hour exist a little longer. */
const SLACK_MS = MINUTE_MS;

/**
 * The requested range, to the millisecond.
 *
 * @throws PortalError (badRequest) when it ends before it begins
 */
export function parseRange(query: HistorySelection, nowMs: number): Range {
  const { toMs = nowMs } = query;
  const { fromMs = toMs - DEFAULT_RANGE_MS } = query;
  if (fromMs >= toMs) throw new PortalError('badRequest', 'Expected `from` to be before `to`.');
  return { fromMs, toMs };
}

/**
 * @param shortestMs - a step in which there is always a sample while the service runs
 * @throws PortalError (badRequest) when the time ends before it begins
 */
export function parseHistoryQuery(query: HistorySelection, nowMs: number, shortestMs: number): HistoryQuery {
  const { fromMs, toMs } = parseRange(query, nowMs);
  const { stepSeconds } = query;
  const rangeMs = toMs - fromMs;
  // One point less, because the grid may begin before `from` and end after `to`.
  const leastMs = rangeMs / (MOST_POINTS - 2);
  const wantedMs = Math.max(shortestMs, leastMs, (stepSeconds ?? 0) * SECOND_MS);
  const atLeastMs =
    stepSeconds === undefined ? roundUp(Math.max(wantedMs, rangeMs / WANTED_POINTS)) : wantedMs;
  const ageMs = nowMs - fromMs;
  if (ageMs <= SAMPLES_FOR_MS + SLACK_MS && atLeastMs < MINUTE_MS) {
    return onGrid('samples', fromMs, toMs, multiple(atLeastMs, SECOND_MS));
  }
  if (ageMs <= MINUTES_FOR_MS + SLACK_MS && atLeastMs < HOUR_MS) {
    return onGrid('minutes', fromMs, toMs, multiple(atLeastMs, MINUTE_MS));
  }
  return onGrid('hours', fromMs, toMs, multiple(atLeastMs, HOUR_MS));
}

function onGrid(table: HistoryTable, fromMs: number, toMs: number, stepMs: number): HistoryQuery {
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
