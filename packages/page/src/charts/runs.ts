/** The status history as runs of the same status, and the service's sums as text. Pure. */
import type { Status } from 'portal-health';
import type { HistoryDocument } from 'portal-server/api';
import { duration, exactDuration } from '../copy/time.js';

/** In seconds; `null` while nothing was measured. */
export interface StatusRun {
  readonly status: Status | null;
  readonly from: number;
  readonly to: number;
}

/** Runs that cover `from` to `to`, in seconds, without a gap; none without a history. */
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
  // The last samples, or the next one, may still arrive: no gap yet.
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

/** `unhealthy 1 min 57 s · healthy 14 min · not measured 40 s`: the service's sums, which do not depend on the step. */
export function totalsWords(totals: HistoryDocument['totals']): string {
  const words = SUMS.filter(([, name]) => totals[name] >= LEAST_MS).map(
    ([name, sum, word]) => `${name} ${word(totals[sum])}`,
  );
  return words.join(' · ') || 'nothing measured yet';
}

/** What a bar shows, which can stand for more than one status. */
export function stepWords({ step_seconds: step }: Pick<HistoryDocument, 'step_seconds'>): string {
  return `worst of each ${exactDuration(step * 1_000)}`;
}

/** What a run shows at a moment, in seconds. */
export function statusAt(runs: readonly StatusRun[], second: number): string {
  const run = runs.find(({ from, to }) => from <= second && second < to);
  return run === undefined ? 'not known yet' : (run.status ?? 'not measured');
}
