/** The course of the status as stretches of the same, and the true sums of it in words. Pure. */
import type { Status } from 'portal-health';
import type { HistoryDocument } from 'portal-server/api';
import { duration, exactDuration } from '../copy/time.js';

/** From one moment to another, in seconds; `null` is a time in which nothing was measured. */
export interface StatusRun {
  readonly status: Status | null;
  readonly from: number;
  readonly to: number;
}

/** Stretches without a gap between `from` and `to`, in seconds; none while nothing is known of them. */
export function runsOf(
  history: Pick<HistoryDocument, 'times' | 'status' | 'step_seconds' | 'gap_seconds'> | null,
  from: number,
  to: number,
): readonly StatusRun[] {
  if (history === null) return [];
  const runs: StatusRun[] = [];
  const add = (status: StatusRun['status'], begin: number, end: number): void => {
    const start = Math.max(begin, from);
    const stop = Math.min(end, to);
    if (stop <= start) return;
    const last = runs.at(-1);
    if (last && last.status === status && last.to >= start) runs[runs.length - 1] = { ...last, to: stop };
    else runs.push({ status, from: start, to: stop });
  };
  const { times, status, step_seconds: step, gap_seconds: gap } = history;
  let at = from;
  times.forEach((time, index) => {
    if (time > at) add(null, at, time);
    add(status[index] ?? null, Math.max(at, time), time + step);
    at = Math.max(at, time + step);
  });
  add(null, at, to);
  // The last moments are on their way, and the next look may be: no gap yet.
  const last = runs.at(-1);
  if (runs.length > 1 && last?.status === null && last.to - last.from <= Math.max(3 * step, gap)) runs.pop();
  return runs;
}

const SUMS = [
  ['unhealthy', 'unhealthy_ms', exactDuration],
  ['degraded', 'degraded_ms', exactDuration],
  ['healthy', 'healthy_ms', duration],
  ['not measured', 'unmeasured_ms', exactDuration],
] as const;
const LEAST_MS = 500;

/** `unhealthy 1 min 57 s · healthy 14 min · not measured 40 s`: of the service's sums, the same for every step. */
export function totalsWords(totals: HistoryDocument['totals']): string {
  const words = SUMS.filter(([, name]) => totals[name] >= LEAST_MS).map(
    ([name, sum, word]) => `${name} ${word(totals[sum])}`,
  );
  return words.join(' · ') || 'nothing measured yet';
}

/** What a bar of the strip is, when it can hold more than one status. */
export function stepWords({ step_seconds: step }: Pick<HistoryDocument, 'step_seconds'>): string {
  return `worst of each ${exactDuration(step * 1_000)}`;
}
