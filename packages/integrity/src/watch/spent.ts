/**
 * What work has cost, for whoever rests after it in proportion: on a machine that others keep busy, a thread that waits for a
 * processor spends nothing, and would rest for ever.
 */
import { readFileSync } from 'node:fs';

/** Waiting costs a quarter, because a disk that is waited for is at work, too. */
const COST_OF_WAITING = 1 / 4;

/** Begins to count; what it gives tells the milliseconds since. */
export function startCount(): () => number {
  const beganMs = performance.now();
  const processorBeganMs = processorMs();
  return () => {
    const tookMs = performance.now() - beganMs;
    const now = processorMs();
    if (now === undefined || processorBeganMs === undefined) return tookMs;
    return Math.min(tookMs, Math.max(now - processorBeganMs, tookMs * COST_OF_WAITING));
  };
}

/** For which this thread has had a processor; `undefined` where the system does not tell. */
function processorMs(): number | undefined {
  try {
    const [nanoseconds] = readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ');
    const ms = Number(nanoseconds) / 1e6;
    return ms > 0 ? ms : undefined;
  } catch {
    return undefined;
  }
}
