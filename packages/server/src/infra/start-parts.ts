/**
 * Parts that start together. One that hangs is told of by its name, and does not keep the service from listening: a service
 * that answers half is worth more than one that does not answer, at the worst moment most of all.
 */
import { TimeoutError, withTimeout } from 'portal-shared/with-timeout';

export interface StartPartsOptions {
  readonly timeoutMs: number;
  /** Told once of those that are not there in time; they go on. */
  readonly onLate: (names: readonly string[]) => void;
  /** A part that was late has failed. */
  readonly onError: (name: string, error: unknown) => void;
}

/** Resolves when all are there, or when it is time; rejects as the first that fails until then. */
export async function startParts(
  parts: Readonly<Record<string, Promise<unknown>>>,
  { timeoutMs, onLate, onError }: StartPartsOptions,
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
  try {
    await withTimeout(Promise.all(all), timeoutMs);
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    onLate([...late]);
  } finally {
    isOver = true;
  }
}
