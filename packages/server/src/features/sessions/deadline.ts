/**
 * Waiting for an answer, but not for ever.
 */

/** No answer: the store is down, or did not answer in time. Not the answer "there is no such session". */
export const NO_ANSWER = Symbol('no answer');
export type NoAnswer = typeof NO_ANSWER;

/**
 * The value of `promise`, or `NO_ANSWER` when it fails or is not there after `deadlineMs`.
 *
 * @param onSilence - told why there is no answer
 */
export function within<Value>(
  promise: Promise<Value>,
  deadlineMs: number,
  onSilence: (reason: unknown) => void,
): Promise<Value | NoAnswer> {
  return new Promise((resolve) => {
    let over = false;
    function silence(reason: unknown): void {
      if (over) return;
      over = true;
      clearTimeout(timer);
      onSilence(reason);
      resolve(NO_ANSWER);
    }
    const timer = setTimeout(() => afterReading(() => silence(new LateError())), deadlineMs);
    function answer(value: Value): void {
      over = true;
      clearTimeout(timer);
      resolve(value);
    }
    promise.then(answer, silence);
  });
}

/** An answer did not come in time. */
export class LateError extends Error {
  readonly code = 'TIMEOUT';

  constructor() {
    super('There was no answer in time.');
  }
}

/**
 * Runs `then` after one more turn of the event loop. When the time is up because the loop was late, and not the store,
 * the answer lies in the socket already and is read in that turn.
 */
export function afterReading(then: () => void): void {
  setImmediate(then);
}
