/**
 * One probe, asked over and over in the background, so that a request never has to: at a pace that follows need, never
 * two runs at once, each with a deadline, every result with an age.
 */
import { createFreshness, type FreshnessOptions } from './freshness.js';
import { startRun, type ProbeRun } from './probe-run.js';
import { PATIENCE } from './run-clock.js';
import { createRunPlan } from './run-plan.js';
import type { ProblemCode } from './problems.js';
import type { Outcome, Probe } from './types.js';

/** How often and how patiently a probe is asked. All times in milliseconds. */
export interface Pace extends FreshnessOptions {
  /** Between two runs while reports are asked for or something is not up. */
  readonly intervalMs: number;
  /** Between two runs while all is well and no report is asked for. */
  readonly idleIntervalMs: number;
  /** Fraction of the interval, 0 to 1, by which each run is moved at random. */
  readonly jitter: number;
}

/** An outcome, and when it came in. */
export interface ProbeSample<Figures> {
  readonly outcome: Outcome<Figures>;
  /** By the wall clock, for people; ages use the monotonic one. */
  readonly at: Date;
  /** When its run began, by the monotonic clock. */
  readonly beganMs: number;
  readonly endedMs: number;
  /** The first run of those in a row that found the same, by the monotonic clock. */
  readonly sinceMs: number;
}

/** A running sampler. */
export interface Sampler<Figures> {
  /**
   * Begins to ask; the promise is kept when the first run is over, which is at the deadline at the latest, or at three of
   * them where the event loop is busy.
   */
  start(): Promise<void>;
  /** True once a run is over, whatever it found. */
  started(): boolean;
  /** The last sample that says something about the part; `undefined` before the first. */
  latest(): ProbeSample<Figures> | undefined;
  /** What of this process kept the last run from finding out anything. */
  ownProblems(): readonly ProblemCode[];
  /**
   * Whether the last sample is too old to count at this monotonic time. After a pause of this process it counts until
   * one run has had its chance.
   */
  isStale(nowMs: number): boolean;
  /** The next monotonic time, after the one given, at which that may change by itself. */
  stalesAtMs(nowMs: number): number;
  /** A sign that things may have changed: asks at once, or as soon as the bound on early runs allows. */
  probeNow(): void;
  /** The pace has become the faster one. */
  speedUp(): void;
  /** Time has passed that no clock of ours has counted: the last sample is as good as old. */
  markStale(): void;
  /** After a pause: the end of the run that has its chance; `undefined` when there is nothing to wait for. */
  catchUp(nowMs: number): Promise<void> | undefined;
  /** Stops asking; the signal of a run under way aborts. */
  close(): Promise<void>;
}

const NONE: readonly ProblemCode[] = Object.freeze([]);

/**
 * Samples `probe` at `pace` and calls `onOutcome` with each outcome and how long its run took.
 *
 * Runs lie on a grid of intervals and are moved about it by the jitter: a fleet does not ask in step. Whatever asks for
 * early runs, the number of runs in any time is bounded by time ÷ interval + 2: one may come early, and has to be earned
 * again by a time at the slower pace.
 *
 * @param isInUse - whether the faster pace is in force
 */
export function createSampler<Figures>(
  probe: Probe<Figures>,
  pace: Pace,
  onOutcome: (outcome: Outcome<Figures>, durationMs: number) => void,
  isInUse: () => boolean = () => true,
): Sampler<Figures> {
  let latest: ProbeSample<Figures> | undefined;
  let hindrances = NONE;
  const freshness = createFreshness(pace);
  let hasRun = false;
  /** How many deadlines the next run may take while the event loop is so busy that nothing can be said. */
  let patience = PATIENCE.first;
  const plan = createRunPlan({ ...pace, run: () => void run() });
  let running: ProbeRun<Figures> | undefined;
  let first: Promise<void> | undefined;
  let firstIsIn = (): void => undefined;
  let closed = false;

  function run(): Promise<void> {
    plan.began(performance.now());
    running = startRun(probe, pace.deadlineMs, patience);
    return running.outcome.then((outcome) => {
      if (!closed) take(outcome);
    });
  }

  function take(outcome: Outcome<Figures>): void {
    const nowMs = performance.now();
    const isLoopBusy = outcome.isOwnProblem === true && outcome.problems[0] === 'EVENT_LOOP_DELAYED';
    // A busy loop makes nothing stale: what is known stands until a run has had its chance, for which it is given longer.
    const stands = isLoopBusy && !isStale(nowMs);
    hasRun = true;
    hindrances = outcome.isOwnProblem ? outcome.problems : NONE;
    patience = isLoopBusy ? Math.min(patience * 2, PATIENCE.last) : PATIENCE.first;
    if (!outcome.isOwnProblem) latest = sampleOf(outcome, plan.beganMs(), latest);
    if (!outcome.isOwnProblem || stands) freshness.renew();
    else freshness.noteFruitlessRun();
    firstIsIn();
    onOutcome(outcome, nowMs - plan.beganMs());
    running = undefined;
    if (closed) return;
    const intervalMs = isInUse() ? pace.intervalMs : pace.idleIntervalMs;
    plan.planNext(nowMs, intervalMs);
    freshness.expectRun(nowMs, intervalMs);
  }

  const isStale = (nowMs: number): boolean => freshness.isStale(nowMs, running?.isHindered() ?? false);

  function bringForward(atMs: number): void {
    if (!closed && first !== undefined && !running) plan.bringForward(atMs);
  }

  return {
    start() {
      first ??= new Promise((resolve) => {
        firstIsIn = resolve;
        plan.moveGrid(performance.now());
        void run();
      });
      return first;
    },
    started: () => hasRun,
    latest: () => latest,
    ownProblems: () => hindrances,
    isStale,
    stalesAtMs: (nowMs) => freshness.changesAtMs(nowMs),
    probeNow: () => bringForward(plan.earliestMs()),
    speedUp() {
      const byPaceMs = plan.beganMs() + pace.intervalMs;
      bringForward(byPaceMs);
      // By the pace now in force, as if the last result had come one interval before the next run.
      const nextMs = Math.max(performance.now(), Math.min(plan.plannedMs(), byPaceMs));
      freshness.expectRun(nextMs - pace.intervalMs, pace.intervalMs);
    },
    markStale() {
      if (latest === undefined) return;
      freshness.expireAt(performance.now());
      bringForward(0);
    },
    catchUp(nowMs) {
      // No request waits for a run that is given longer than usual.
      if (closed || !freshness.waitsForRun(nowMs) || patience > PATIENCE.first) return undefined;
      if (running) return running.outcome.then(() => undefined);
      plan.moveGrid(nowMs);
      return run();
    },
    async close() {
      closed = true;
      plan.stop();
      running?.end();
      firstIsIn();
      await probe.close?.();
    },
  };
}

/** What is still as it was keeps its age. */
function sampleOf<Figures>(
  outcome: Outcome<Figures>,
  beganMs: number,
  last: ProbeSample<Figures> | undefined,
): ProbeSample<Figures> {
  if (outcome.unfinished && last) return last;
  const same = last !== undefined && last.outcome.problems.join() === outcome.problems.join();
  return {
    outcome,
    at: new Date(),
    beganMs,
    endedMs: performance.now(),
    sinceMs: same ? last.sinceMs : beganMs,
  };
}
