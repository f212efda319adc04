/**
 * Waiting for an answer, but not for ever.
 */

/** An answer did not come in time. */
export class TimeoutError extends Error {
  readonly code = 'TIMEOUT';

  constructor() {
    super('There was no answer in time.');
  }
}

/**
 * Calls `onLate` when the time is up; gives how to call it off. The end comes one turn of the event loop later: when the
 * time is up because the loop was late, and not the store, the answer lies in the socket already and is read in that turn.
 */
export function startTimeout(deadlineMs: number, onLate: () => void): () => void {
  let isOff = false;
  const timer = setTimeout(() => {
    setImmediate(() => {
      if (!isOff) onLate();
    });
  }, deadlineMs);
  return () => {
    isOff = true;
    clearTimeout(timer);
  };
}

/** What `work` gives, unless it takes longer: then it rejects with a `LateError`, and `work` goes on unheard. */
export function withTimeout<Value>(work: Promise<Value>, deadlineMs: number): Promise<Value> {
  return new Promise((resolve, reject) => {
    const callOff = startTimeout(deadlineMs, () => reject(new TimeoutError()));
    work.then(resolve, reject).finally(callOff);
  });
}
