/**
 * A source of somebody's own, which may break what it promises: whatever it throws is a problem of the source, so that
 * neither `start()` nor a report fails.
 */
import type { HealthSource, SourceProblem } from './source-option.js';
import { driverCode, messageOf } from './unknown.js';

/** The same source, of which no member throws or rejects. */
export function guardSource(source: HealthSource): HealthSource {
  const listeners: (() => void)[] = [];
  let failure: SourceProblem | undefined;

  return {
    async start() {
      try {
        await source.start();
      } catch (error) {
        failure = problemOf(error);
        for (const listener of listeners) listener();
      }
    },
    get hash() {
      try {
        return source.hash;
      } catch {
        return null;
      }
    },
    problems() {
      try {
        const problems = source.problems();
        return failure ? [...problems, failure] : problems;
      } catch (error) {
        return [problemOf(error)];
      }
    },
    onChange(listener) {
      listeners.push(listener);
      source.onChange(listener);
    },
    ...(source.state && { state: () => saidBy(() => source.state?.()) ?? { state: 'unreadable' } }),
    statement: () => saidBy(() => source.statement?.()) ?? null,
    close: () => source.close(),
  };
}

/** What `say` gives; nothing where it throws. */
function saidBy<Said>(say: () => Said): Said | undefined {
  try {
    return say();
  } catch {
    return undefined;
  }
}

function problemOf(error: unknown): SourceProblem {
  return { kind: 'unreadable', code: driverCode(error) ?? 'UNKNOWN', message: messageOf(error) };
}
