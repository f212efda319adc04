/**
 * A job that takes the threads of this process no time: names are looked up, and keys for a login derived, by the same few
 * threads, so what keeps it waiting keeps them.
 */
/** Threads that keep a job waiting for as long as this are busy. */
export const THREADS_BUSY_MS = 250;

export interface ThreadTrial {
  /** Asks anew, unless the last job has not come back. */
  begin(): void;
  isPending(): boolean;
  /** Of the last job, or so far. */
  tookMs(): number;
}

export function createThreadTrial(): ThreadTrial {
  // To import it costs whoever imports us 4 ms: all that it has is read, such as streams of files.
  const { stat } = process.getBuiltinModule('node:fs');
  let begunMs = 0;
  let tookMs: number | undefined = 0;
  return {
    begin() {
      if (tookMs === undefined) return;
      tookMs = undefined;
      begunMs = performance.now();
      const ended = (): void => {
        tookMs = performance.now() - begunMs;
      };
      try {
        stat('/', ended);
      } catch {
        // Node's permissions forbid it.
        ended();
      }
    },
    isPending: () => tookMs === undefined,
    tookMs: () => tookMs ?? performance.now() - begunMs,
  };
}
