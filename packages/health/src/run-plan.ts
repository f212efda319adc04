/**
 * When the next run of a probe begins: on a grid of intervals, moved about it by the jitter, so that a fleet does not ask in
 * step; and earlier on a sign, as far as the bound on runs allows.
 */
import { LONGEST_TIMER_MS } from 'portal-shared/check-options';

export interface RunPlanOptions {
  /** Between two runs at the faster pace, in milliseconds. */
  readonly intervalMs: number;
  /** Fraction of the interval, 0 to 1, by which each run is moved at random. */
  readonly jitter: number;
  /** Begins a run now. */
  readonly run: () => void;
}

/** All times monotonic, in milliseconds. */
export interface RunPlan {
  /** A run begins: what was planned is no more, and it has to be paid for. */
  began(nowMs: number): void;
  /** When the last run began. */
  beganMs(): number;
  /** When the next run is planned; infinity while none is. */
  plannedMs(): number;
  /** Plans the run after the one that is over, by this interval. */
  planNext(nowMs: number, intervalMs: number): void;
  /** The grid begins anew at this time. */
  moveGrid(atMs: number): void;
  /** Brings the next run forward to this time, if it is not planned for earlier; the grid goes on from there. */
  bringForward(atMs: number): void;
  /** The earliest time that the bound on early runs allows: runs in any time are at most time ÷ interval + 2. */
  earliestMs(): number;
  stop(): void;
}

export function createRunPlan({ intervalMs, jitter, run }: RunPlanOptions): RunPlan {
  let slotMs = 0;
  let plannedMs = Number.POSITIVE_INFINITY;
  let beganMs = Number.NEGATIVE_INFINITY;
  /** Each run is paid for by an interval; what lies ahead of now is the debt. */
  let paidUntilMs = 0;
  let timer: NodeJS.Timeout | undefined;

  function plan(atMs: number): void {
    clearTimeout(timer);
    plannedMs = atMs;
    timer = setTimeout(run, Math.min(Math.max(0, atMs - performance.now()), LONGEST_TIMER_MS));
    timer.unref();
  }

  return {
    began(nowMs) {
      clearTimeout(timer);
      plannedMs = Number.POSITIVE_INFINITY;
      beganMs = nowMs;
      paidUntilMs = Math.max(paidUntilMs, nowMs) + intervalMs;
    },
    beganMs: () => beganMs,
    plannedMs: () => plannedMs,
    planNext(nowMs, nextIntervalMs) {
      // After a long pause (a suspended laptop, a blocked loop) the missed slots are skipped, not caught up on.
      slotMs = Math.max(slotMs + nextIntervalMs, nowMs);
      const offsetMs = (Math.random() * 2 - 1) * jitter * nextIntervalMs;
      plan(Math.max(nowMs, slotMs + offsetMs));
    },
    moveGrid(atMs) {
      slotMs = atMs;
    },
    bringForward(atMs) {
      const nowMs = performance.now();
      if (plannedMs <= atMs) return;
      slotMs = Math.max(nowMs, atMs);
      if (atMs <= nowMs) run();
      else plan(atMs);
    },
    earliestMs: () => paidUntilMs - intervalMs * (1 + 2 * jitter),
    stop: () => clearTimeout(timer),
  };
}
