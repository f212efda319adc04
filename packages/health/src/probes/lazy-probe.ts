/**
 * A probe of a pool or a client that is made later than its health, or made anew at times: it is asked for in every run.
 */
import type { ProblemCode } from '../problems.js';
import type { Outcome, Probe } from '../types.js';
import { causeOf } from '../unknown.js';
import { untilAborted } from 'portal-shared/with-timeout';

export interface LazyProbeOptions<Given, Figures> {
  readonly name: string;
  /** Gives what there is, or nothing while it is not there yet. A promise will do. */
  readonly give: () => unknown;
  /** A probe of what was given; throws when it is nothing that can be asked. */
  readonly make: (given: Given) => Probe<Figures>;
  readonly notReady: ProblemCode;
  /** Called in every run with what there is. */
  readonly onGiven?: (given: object | undefined) => void;
}

/** Keeps one probe for as long as the same is given. */
export function createLazyProbe<Given, Figures>({
  name,
  give,
  make,
  notReady,
  onGiven,
}: LazyProbeOptions<Given, Figures>): Probe<Figures> {
  let given: unknown;
  let probe: Probe<Figures> | undefined;
  /** The last call, while it has not ended: there is never a second one beside it. */
  let open: Promise<unknown> | undefined;

  function isNotReady(error?: unknown): Outcome<Figures> {
    const outcome: Outcome<Figures> = { state: 'down', latencyMs: null, problems: [notReady] };
    return error === undefined ? outcome : { ...outcome, cause: causeOf(error) };
  }

  /** Called inside a promise, as it may throw at once. */
  function ask(): Promise<unknown> {
    open ??= Promise.resolve()
      .then(give)
      .finally(() => {
        open = undefined;
      });
    return open;
  }

  async function replace(now: unknown): Promise<void> {
    if (now === given && probe) return;
    const before = probe;
    probe = undefined;
    given = now;
    onGiven?.(undefined);
    await before?.close?.();
    if (!isThere(now)) return;
    // What the application hands over is known by its shape alone, which `make` looks at.
    probe = make(now as Given);
    onGiven?.(now);
  }

  return {
    name,
    async run(signal, clock) {
      try {
        await replace(await untilAborted(signal, ask(), () => undefined));
      } catch (error) {
        onGiven?.(undefined);
        given = undefined;
        return isNotReady(error);
      }
      return probe?.run(signal, clock) ?? isNotReady();
    },
    failed: (reason, error) => (open || !probe ? isNotReady(error) : probe.failed(reason, error)),
    async close() {
      await probe?.close?.();
    },
  };
}

function isThere(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}
