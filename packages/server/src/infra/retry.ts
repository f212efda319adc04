/**
 * The one loop that tries again.
 */
import { setTimeout as sleep } from 'node:timers/promises';

export interface RetryOptions {
  /** Milliseconds before the next attempt; `undefined`: there is none. `failures` counts from 1. */
  readonly pauseMs: (error: unknown, failures: number) => number | undefined;
  /** Ends the pause under way; then there is no other attempt. */
  readonly signal?: AbortSignal;
}

/** The result of the first attempt that succeeds; rejects as the last one that fails. */
export async function retry<Result>(
  attempt: () => Promise<Result>,
  { pauseMs, signal }: RetryOptions,
): Promise<Result> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await attempt();
    } catch (error) {
      const waitMs = signal?.aborted ? undefined : pauseMs(error, failures);
      if (waitMs === undefined) throw error;
      await sleep(waitMs, undefined, { ref: false, ...(signal && { signal }) }).catch(() => undefined);
      if (signal?.aborted) throw error;
    }
  }
}
