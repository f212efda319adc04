/**
 * The end of every run: answered, failed or no longer wanted, whichever comes first.
 */

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
