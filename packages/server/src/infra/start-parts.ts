/**
 * Parts that start together. One that hangs is told of by its name, and does not keep the service from listening: a service
 * that answers half is worth more than one that does not answer, at the worst moment most of all.
 */
import { TimeoutError, withTimeout } from 'portal-shared/with-timeout';

/** From then on whoever waits for a start is told what it waits for. */
const SLOW_MS = 10_000;

export interface StartPartsOptions {
  readonly timeoutMs: number;
  /** Told every ten seconds of those that are not there yet. */
  readonly onSlow: (names: readonly string[]) => void;
  /** Told once of those that are not there in time; they go on. */
  readonly onLate: (names: readonly string[]) => void;
  /** A part that was late has failed. */
  readonly onError: (name: string, error: unknown) => void;
}

/** Resolves when all are there, or when it is time; rejects as the first that fails until then. */
export async function startParts(
  parts: Readonly<Record<string, Promise<unknown>>>,
  { timeoutMs, onSlow, onLate, onError }: StartPartsOptions,
): Promise<void> {
  const late = new Set(Object.keys(parts));
  let isOver = false;
  const all = Object.entries(parts).map(async ([name, part]) => {
    try {
      await part;
      late.delete(name);
    } catch (error) {
      if (!isOver) throw error;
      onError(name, error);
    }
  });
  const timer = setInterval(() => onSlow([...late]), SLOW_MS);
  try {
    await withTimeout(Promise.all(all), timeoutMs);
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    onLate([...late]);
  } finally {
    clearInterval(timer);
    isOver = true;
  }
}

/** Steps one after the other, of which the present one is told every ten seconds while it lasts. */
export function createStartSteps(onSlow: (name: string) => void) {
  let timer: NodeJS.Timeout | undefined;
  return {
    begin(name: string) {
      clearInterval(timer);
      timer = setInterval(() => onSlow(name), SLOW_MS);
    },
    end: () => clearInterval(timer),
  };
}
