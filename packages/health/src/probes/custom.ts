/**
 * A check of the application's own: any function, contained. Whatever it throws, returns or never does spoils its
 * own entry of the report and nothing else.
 */
import { DEFAULTS } from '../defaults.js';
import { optionError } from 'portal-shared/check-options';
import type { ProblemCode } from '../problems.js';
import type { Outcome, Probe } from '../types.js';
import { causeOf } from '../unknown.js';
import { ownProblem, withOwnProblems } from './own-problems.js';
import { untilAborted } from 'portal-shared/with-timeout';

/**
 * A check of your own. It fails by throwing, by rejecting or by answering exactly `false`; every other answer,
 * none included, counts as up. `signal` aborts when the deadline has passed, and also after the answer: end then
 * whatever the check has under way.
 *
 * A check that has not ended is never asked again: its entry stays `CHECK_TIMEOUT`, and its age grows, until the call
 * answers or rejects. One that never does stays so until the process ends; so use the signal, or a timeout of your own.
 */
export type Check = (signal: AbortSignal) => unknown;

/** The answer of an adapter's check that is neither well nor down: it degrades, however critical it is. */
export const DEGRADED: symbol = Symbol.for('portal-health.degraded');

export interface CheckProbeOptions {
  /** Name of the check, fit for the public. */
  readonly name: string;
  readonly check: Check;
  /** Milliseconds from which an answer counts as slow; default 500. */
  readonly slowMs?: number;
}

/**
 * A probe that asks `check`. Its latency is the time from the call to the answer.
 *
 * @throws TypeError when `check` is not a function
 */
export function createCheckProbe({ name, check, slowMs = DEFAULTS.slowMs }: CheckProbeOptions): Probe {
  if (typeof check !== 'function') {
    throw optionError(`checks.${name}.check`, 'to be a function', check);
  }

  function down(problem: ProblemCode, error?: unknown): Outcome {
    const outcome: Outcome = { state: 'down', latencyMs: null, problems: [problem] };
    return error === undefined ? outcome : { ...outcome, cause: causeOf(error) };
  }

  /** The last call, while it has not ended: there is never a second one beside it. */
  let open: Promise<unknown> | undefined;
  /** Whether the open call has used up its deadline. A call that this process itself has delayed has not. */
  let isLate = false;

  function ask(signal: AbortSignal): Promise<unknown> {
    open ??= Promise.resolve()
      .then(() => check(signal))
      .finally(() => {
        open = undefined;
        isLate = false;
      });
    return open;
  }

  const probe = withOwnProblems({
    name,
    async run(signal, clock) {
      const startedMs = performance.now();
      const beganMs = clock.othersMs();
      let answer: unknown;
      try {
        answer = await untilAborted(signal, ask(signal), () => undefined);
      } catch (error) {
        return down(ownProblem(error) ?? 'CHECK_FAILED', error);
      }
      if (answer === false) return down('CHECK_FAILED');
      const latencyMs = performance.now() - startedMs;
      if (answer === DEGRADED) return { state: 'slow', latencyMs, problems: ['CHECK_FAILED'] };
      return clock.othersMs() - beganMs > slowMs
        ? { state: 'slow', latencyMs, problems: ['CHECK_SLOW'] }
        : { state: 'up', latencyMs, problems: [] };
    },
    failed: (reason, error) => (reason === 'threw' ? down('CHECK_FAILED', error) : down('CHECK_TIMEOUT')),
  });
  return {
    ...probe,
    run: async (signal, clock) =>
      open && isLate ? { ...down('CHECK_TIMEOUT'), unfinished: true } : probe.run(signal, clock),
    failed(reason, error) {
      const outcome = probe.failed(reason, error);
      isLate = open !== undefined && !outcome.isOwnProblem;
      return outcome;
    },
  };
}
