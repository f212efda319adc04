/**
 * From a requested range to the table and the steps that are read. Pure.
 */
import { PortalError } from '../../errors.js';
import { DAY_MS, SECOND_MS } from '../history/history-limits.js';
import { MOST_POINTS } from '../history/history-query.js';
import { SERVICE_MINUTES_FOR_MS } from './fleet-limits.js';
import { STEP_MS, type StepQuery } from './service-step-store.js';

/** As requested; each has a default. Times in milliseconds since 1970. */
export interface StepSelection {
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
  readonly stepSeconds?: number | undefined;
}

const DEFAULT_RANGE_MS = DAY_MS;
/** By default; a point for every second pixel of a wide screen. */
const WANTED_POINTS = 600;

/** @throws PortalError (badRequest) when the time ends before it begins */
export function parseStepQuery(service: string, selection: StepSelection, nowMs: number): StepQuery {
  const { toMs = nowMs, stepSeconds = 0 } = selection;
  const { fromMs = toMs - DEFAULT_RANGE_MS } = selection;
  if (fromMs >= toMs) throw new PortalError('badRequest', 'Expected `from` to be before `to`.');
  const rangeMs = toMs - fromMs;
  // One point less, because the grid may begin before `from` and end after `to`.
  const leastMs = Math.max(rangeMs / (MOST_POINTS - 2), stepSeconds * SECOND_MS);
  const wantedMs = stepSeconds === 0 ? Math.max(leastMs, rangeMs / WANTED_POINTS) : leastMs;
  const isRecent = nowMs - fromMs <= SERVICE_MINUTES_FOR_MS && wantedMs < STEP_MS.hours;
  const table = isRecent ? 'minutes' : 'hours';
  const stepMs = Math.max(1, Math.ceil(wantedMs / STEP_MS[table])) * STEP_MS[table];
  return {
    service,
    table,
    stepMs,
    fromMs: Math.floor(fromMs / stepMs) * stepMs,
    toMs: Math.ceil(toMs / stepMs) * stepMs,
  };
}
