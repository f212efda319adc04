/**
 * Reads something again and again while somebody looks: one request at a time, less often while none succeeds, and none
 * while the page is hidden, which catches up at once when it is looked at again.
 */

/** How often what has no stream is asked for, and what has just failed. */
export const POLL_MS = 5_000;
export const RETRY_MS = 1_500;
/** While the page is hidden it asks so often how things are, for its title. */
export const REST_POLL_MS = 60_000;
/** Whoever looks at another tab for a moment finds this one as it was. */
export const REST_AFTER_MS = 10_000;

/** Resolves with whether the service answered. */
export type ReadOnce = (signal: AbortSignal) => Promise<boolean>;

/** The service is looked for again at least so often, or as often as it would be anyway. */
const MOST_MS = 15_000;

/** @returns what ends it */
export function startPolling(read: ReadOnce, everyMs: number): () => void {
  const stop = new AbortController();
  void (async () => {
    let failures = 0;
    for (;;) {
      // Also before the first: what is asked for changes with the clock, of a page that nobody looks at too.
      await untilVisible(stop.signal);
      if (stop.signal.aborted) return;
      failures = (await read(stop.signal)) ? 0 : failures + 1;
      await pause(Math.min(everyMs * 2 ** failures, Math.max(everyMs, MOST_MS)), stop.signal);
    }
  })();
  return () => stop.abort();
}

export function isHidden(): boolean {
  return document.visibilityState === 'hidden';
}

/** Until the page is looked at, or `signal` aborts, or `forMs` milliseconds have passed. */
export function untilVisible(signal: AbortSignal, forMs?: number): Promise<void> {
  return new Promise((resolve) => {
    if (!isHidden() || signal.aborted) return resolve();
    const timer = forMs === undefined ? undefined : setTimeout(end, forMs);
    function look(): void {
      if (!isHidden()) end();
    }
    function end(): void {
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', look);
      signal.removeEventListener('abort', end);
      resolve();
    }
    document.addEventListener('visibilitychange', look);
    signal.addEventListener('abort', end);
  });
}

/** Aborts once the page has been hidden for so long without a break, in milliseconds; until it is stopped or `until` aborts. */
export function hiddenFor(
  ms: number,
  until: AbortSignal,
): { readonly signal: AbortSignal; readonly stop: () => void } {
  const hidden = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  function look(): void {
    clearTimeout(timer);
    if (isHidden()) timer = setTimeout(() => hidden.abort(), ms);
  }
  function stop(): void {
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', look);
    until.removeEventListener('abort', stop);
  }
  document.addEventListener('visibilitychange', look);
  until.addEventListener('abort', stop);
  look();
  return { signal: hidden.signal, stop };
}

/** Milliseconds, or until `signal` aborts. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(end, ms);
    function end(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    }
    signal.addEventListener('abort', end);
  });
}
