/**
 * Waiting for a result, but not for ever.
 */

/** There was no result in time. */
export class TimeoutError extends Error {
  readonly code = 'TIMEOUT';

  constructor() {
    super('There was no answer in time.');
  }
}

/**
 * Calls `onTimeout` after `timeoutMs`, and one turn of the event loop. If the loop was late and not the store, the answer lies
 * in the socket already, and that turn reads it.
 *
 * @returns how to cancel it
 */
export function startTimeout(timeoutMs: number, onTimeout: () => void): () => void {
  let isCancelled = false;
  const timer = setTimeout(() => {
    setImmediate(() => {
      if (!isCancelled) onTimeout();
    });
  }, timeoutMs);
  return () => {
    isCancelled = true;
    clearTimeout(timer);
  };
}

/** Rejects with a `TimeoutError` when `work` takes longer than `timeoutMs`. `work` itself goes on. */
export function withTimeout<Value>(work: Promise<Value>, timeoutMs: number): Promise<Value> {
  return new Promise((resolve, reject) => {
    const cancel = startTimeout(timeoutMs, () => reject(new TimeoutError()));
    work.then(resolve, reject).finally(cancel);
  });
}

/**
 * Waits for `work`, but no longer than until `signal` aborts; then calls `letGo`, which destroys what `work` waits
 * for, and rejects. What becomes of `work` after that is nobody's business, its rejection included.
 */
export function untilAborted<Result>(
  signal: AbortSignal,
  work: Promise<Result>,
  letGo: () => void,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      letGo();
      reject(new Error('No longer wanted'));
    };
    signal.addEventListener('abort', end, { once: true });
    const settled = (): void => signal.removeEventListener('abort', end);
    work.then(
      (result) => {
        settled();
        resolve(result);
      },
      (error: unknown) => {
        settled();
        reject(error);
      },
    );
    if (signal.aborted) {
      settled();
      end();
    }
  });
}
