/**
 * A pool or a client that the application has ended, or that has given up for good: the server may answer a
 * fresh connection, the application gets nothing.
 */
import type { ProblemCode } from '../problems.js';
import type { Outcome, Probe } from '../types.js';
import { member } from '../unknown.js';

/** `probe`, which finds `given` of no use once that has been ended. What is wrong with the server comes first. */
export function withEndDetection<Figures>(
  probe: Probe<Figures>,
  given: unknown,
  problem: ProblemCode,
): Probe<Figures> {
  const hasEnded = createEndWatch(given);
  return {
    ...probe,
    async run(signal, clock): Promise<Outcome<Figures>> {
      const outcome = await probe.run(signal, clock);
      if (!hasEnded() || outcome.state === 'down') return outcome;
      return { state: 'down', latencyMs: null, problems: [problem], cause: ENDED };
    },
  };
}

const ENDED = { code: 'ENDED', message: 'The application has ended it, or it has given up for good' };

/** By what each driver says of itself. */
function createEndWatch(given: unknown): () => boolean {
  let wasOpen = false;
  return () => {
    // A pool of pg; a client or a cluster of ioredis.
    if (member(given, 'ending') === true || member(given, 'status') === 'end') return true;
    // One of node-redis says the same before it was ever opened.
    const isOpen = member(given, 'isOpen');
    wasOpen ||= isOpen === true;
    return wasOpen && isOpen === false;
  };
}
