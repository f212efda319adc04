/**
 * A job that takes the threads of this process no time: names are looked up, and keys for a login derived, by the same few
 * threads, so what keeps it waiting keeps them.
 */
/** Threads that keep a job waiting for as long as this are busy. */
export const THREADS_BUSY_MS = 250;

/** A login needs a handful of their jobs, one after the other: shorter waits than this do not bring it to its deadline. */
const LONG_MS = 100;

export interface ThreadTrial {
  /** Asks anew, unless the last job has not come back, and counts from now on. */
  begin(): void;
  /** Asks once more. */
  again(): void;
  /** Of the last job, or so far. */
  tookMs(): number;
  /** Of all long waits since `begin()`. */
  heldMs(): number;
}

export function createThreadTrial(): ThreadTrial {
  // To import it costs whoever imports us 4 ms: all that it has is read, such as streams of files.
  const { stat } = process.getBuiltinModule('node:fs');
  let begunMs = 0;
  let tookMs: number | undefined = 0;
  let endedMs = 0;

  const soFarMs = (): number => tookMs ?? performance.now() - begunMs;
  const longMs = (ms: number): number => (ms < LONG_MS ? 0 : ms);

  function again(): void {
    if (tookMs === undefined) return;
    tookMs = undefined;
    begunMs = performance.now();
    const ended = (): void => {
      tookMs = performance.now() - begunMs;
      endedMs += longMs(tookMs);
    };
    try {
      stat('/', ended);
    } catch {
      // Node's permissions forbid it.
      ended();
    }
  }

  return {
    begin() {
      endedMs = 0;
      again();
    },
    again,
    tookMs: soFarMs,
    heldMs: () => endedMs + (tookMs === undefined ? longMs(soFarMs()) : 0),
  };
}
