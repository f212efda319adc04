/** Waiting with a bound, the only kind of waiting in a test. */
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Asks `condition` again and again until it holds. A condition that throws does not hold yet.
 *
 * @param what - for the error: "Waited 30000 ms in vain for <what>"
 * @throws an Error when it does not hold within `timeoutMs` (30 s), with the last error as its cause
 */
export async function waitFor(
  what: string,
  condition: () => boolean | Promise<boolean>,
  { timeoutMs = 30_000, everyMs = 20 }: { readonly timeoutMs?: number; readonly everyMs?: number } = {},
): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  let cause: unknown;
  do {
    try {
      if (await condition()) return;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    await sleep(everyMs);
  } while (performance.now() < deadlineMs);
  throw new Error(`Waited ${timeoutMs} ms in vain for ${what}.`, { cause });
}
