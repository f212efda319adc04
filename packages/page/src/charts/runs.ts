/** The course of the status as stretches of the same, and in words. Pure. */
import type { Status } from 'portal-health';
import type { History } from '../doors/shapes.js';
import { duration } from '../words/moments.js';

/** From one moment to another, in seconds; `null` is a time in which nothing was measured. */
export interface Run {
  readonly status: Status | null;
  readonly from: number;
  readonly to: number;
}

/** Stretches without a gap between `from` and `to`, in seconds. */
export function runsOf(history: History | null, from: number, to: number): readonly Run[] {
  const runs: Run[] = [];
  const add = (status: Run['status'], begin: number, end: number): void => {
    const start = Math.max(begin, from);
    const stop = Math.min(end, to);
    if (stop <= start) return;
    const last = runs.at(-1);
    if (last && last.status === status && last.to >= start) runs[runs.length - 1] = { ...last, to: stop };
    else runs.push({ status, from: start, to: stop });
  };
  const { times = [], status = [], step_seconds: step = 1 } = history ?? {};
  let at = from;
  times.forEach((time, index) => {
    if (time > at) add(null, at, time);
    add(status[index] ?? null, Math.max(at, time), time + step);
    at = Math.max(at, time + step);
  });
  add(null, at, to);
  // The last moments are on their way: no gap yet.
  const last = runs.at(-1);
  if (runs.length > 1 && last?.status === null && last.to - last.from <= 3 * step) runs.pop();
  return runs;
}

const ORDER: readonly Run['status'][] = ['unhealthy', 'degraded', 'healthy', null];

/** `unhealthy 12 s · healthy 14 min · not measured 40 s`. */
export function runWords(runs: readonly Run[]): string {
  const words = ORDER.map((status) => {
    const seconds = runs
      .filter((run) => run.status === status)
      .reduce((sum, run) => sum + run.to - run.from, 0);
    return seconds === 0 ? '' : `${status ?? 'not measured'} ${duration(seconds * 1_000)}`;
  });
  return words.filter((word) => word !== '').join(' · ') || 'nothing measured yet';
}
