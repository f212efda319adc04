/**
 * One probe, asked over and over in the background, so that a request never has to: at a steady pace, never two runs
 * at once, each with a deadline, every result with an age.
 */
import type { Outcome, Probe } from './types.js';

/** How often and how patiently a probe is asked. All times in milliseconds. */
export interface Pace {
  readonly intervalMs: number;
  /** Fraction of the interval, 0 to 1, by which each run is moved at random. */
  readonly jitter: number;
  readonly deadlineMs: number;
  /** Results older than this many intervals are stale, but never while a run may still be within its deadline. */
  readonly staleAfterIntervals: number;
}

/** An outcome, and when it came in. */
export interface Sample<Figures> {
  readonly outcome: Outcome<Figures>;
  /** By the wall clock, for people; ages are told by the monotonic one. */
  readonly at: Date;
}

/** A running sampler. */
export interface Sampler<Figures> {
  /** Begins to ask; the promise is kept when the first outcome is in, which is at the deadline at the latest. */
  start(): Promise<void>;
  /** The last sample; `undefined` before the first. */
  latest(): Sample<Figures> | undefined;
  /** The monotonic time (`performance.now()`) from which the last outcome is stale; 0 before the first. */
  staleAtMs(): number;
  /** Stops asking; a run under way is told by its signal to let go of its connection. */
  close(): Promise<void>;
}

/** A timer that fires this late had a blocked event loop before it. */
const LATE_MS = 20;

/**
 * Samples `probe` at `pace` and tells `onOutcome` of each outcome.
 *
 * Runs lie on a grid of intervals and are moved about it by the jitter: a fleet does not ask in step, and yet the
 * number of runs in any time is bounded by time ÷ interval + 1.
 */
export function createSampler<Figures>(
  probe: Probe<Figures>,
  pace: Pace,
  onOutcome: (outcome: Outcome<Figures>) => void,
): Sampler<Figures> {
  // The next run begins an interval and its jitter from now, and may take its deadline: what takes that long is slow, and
  // the sampler is well.
  const staleAfterMs = Math.max(
    pace.intervalMs * pace.staleAfterIntervals,
    pace.intervalMs * 2 + pace.deadlineMs,
  );
  let latest: Sample<Figures> | undefined;
  let staleAtMs = 0;
  let slotMs = 0;
  let timer: NodeJS.Timeout | undefined;
  let running: AbortController | undefined;
  let first: Promise<void> | undefined;
  let firstIsIn = (): void => undefined;
  let closed = false;

  function run(): void {
    const controller = new AbortController();
    running = controller;
    let ended = false;

    function end(outcome: Outcome<Figures>): void {
      if (ended || closed) return;
      ended = true;
      clearTimeout(deadline);
      // Also after an answer: a check of somebody else's learns that nobody waits for the rest of it.
      controller.abort();
      latest = { outcome, at: new Date() };
      staleAtMs = performance.now() + staleAfterMs;
      scheduleNext();
      onOutcome(outcome);
      firstIsIn();
    }

    const dueMs = performance.now() + pace.deadlineMs;
    function giveUp(): void {
      end(probe.failed('timeout'));
    }
    // Holds the process for the deadline: a run under way is work, waiting for the next one is not.
    let deadline = setTimeout(() => {
      const lateMs = performance.now() - dueMs;
      // A blocked event loop is no fault of whom we ask: the time that it lost is given to the run once more.
      if (lateMs > LATE_MS && !ended) deadline = setTimeout(giveUp, Math.min(lateMs, pace.deadlineMs));
      // After any block timers come before sockets, so an answer that has long been there is read first.
      else setImmediate(giveUp);
    }, pace.deadlineMs);
    controller.signal.addEventListener('abort', () => clearTimeout(deadline));
    // Inside a promise, so that a probe that throws at once is no different from one that throws later.
    Promise.resolve()
      .then(() => probe.run(controller.signal))
      .then(end, (error: unknown) => end(probe.failed('threw', error)));
  }

  function scheduleNext(): void {
    const nowMs = performance.now();
    // After a long pause (a suspended laptop, a blocked loop) the missed slots are skipped, not caught up on.
    slotMs = Math.max(slotMs + pace.intervalMs, nowMs);
    const offsetMs = (Math.random() * 2 - 1) * pace.jitter * pace.intervalMs;
    timer = setTimeout(run, Math.max(0, slotMs + offsetMs - nowMs));
    timer.unref();
  }

  return {
    start() {
      first ??= new Promise((resolve) => {
        firstIsIn = resolve;
        slotMs = performance.now();
        run();
      });
      return first;
    },
    latest: () => latest,
    staleAtMs: () => staleAtMs,
    async close() {
      closed = true;
      clearTimeout(timer);
      running?.abort();
      firstIsIn();
      await probe.close();
    },
  };
}
