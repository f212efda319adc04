/**
 * One run of a probe: it ends with an outcome, whatever the probe does, and its connection is destroyed then.
 */
import { setMaxListeners } from 'node:events';
import { startRunClock } from './run-clock.js';
import { withoutSpans } from './tracing.js';
import type { Outcome, Probe } from './types.js';

/** A run under way. */
export interface ProbeRun<Figures> {
  /** Kept at the latest when the other side has used up the deadline, or the patience has come to its end. */
  readonly outcome: Promise<Outcome<Figures>>;
  /** Whether this process has taken at least half of its time. */
  isHindered(): boolean;
  /** Tells it to let go of its connection; the promise may then never be kept. */
  end(): void;
}

export function startRun<Figures>(
  probe: Probe<Figures>,
  deadlineMs: number,
  patience: number,
): ProbeRun<Figures> {
  const controller = new AbortController();
  expectManyListeners(controller.signal);
  let end: (found: Outcome<Figures>) => void = () => undefined;
  const clock = startRunClock({
    deadlineMs,
    capMs: deadlineMs * patience,
    onLate(reason) {
      const found = probe.failed(reason);
      end(reason === 'hindered' && !found.isOwnProblem ? LOOP_BUSY : found);
    },
  });
  controller.signal.addEventListener('abort', () => clock.stop());
  const outcome = new Promise<Outcome<Figures>>((resolve) => {
    let ended = false;
    end = (found) => {
      if (ended) return;
      ended = true;
      // Also after an answer: a check learns that the rest of it is not waited for.
      controller.abort();
      resolve(found);
    };
    // Inside a promise, so that a probe that throws at once is no different from one that throws later.
    Promise.resolve()
      .then(() => withoutSpans(() => probe.run(controller.signal, clock)))
      .then(end, (error: unknown) => end(probe.failed('threw', error)));
  });
  return { outcome, isHindered: () => clock.isHindered(), end: () => controller.abort() };
}

const LOOP_BUSY = {
  state: 'down',
  latencyMs: null,
  problems: ['EVENT_LOOP_DELAYED'],
  isOwnProblem: true,
} as const satisfies Outcome<never>;

/** Of a cluster each server is asked, and each connection listens: more than ten are no leak to warn of. */
function expectManyListeners(signal: AbortSignal): void {
  try {
    setMaxListeners(0, signal);
  } catch {
    // A test runner has put the signal of a browser in the place of Node's; nobody warns of that.
  }
}
