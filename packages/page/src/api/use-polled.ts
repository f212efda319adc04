/** What a view asks for by itself, again and again while it is shown; what was read last stays while it is asked again. */
import { useEffect, useState } from 'preact/hooks';
import { getJson } from './request.js';

export interface PolledData<Body> {
  readonly body: Body | null;
  /** Why there is nothing, or nothing new. */
  readonly error: string | null;
}

export interface PollOptions {
  /** Left out: once. */
  readonly everyMs?: number;
  /** Another value than before: a reason to ask at once. */
  readonly reread?: unknown;
}

/** `path` `null`: nothing is asked. */
export function usePolled<Body>(
  path: string | null,
  { everyMs, reread }: PollOptions = {},
): PolledData<Body> {
  const [reading, setReading] = useState<PolledData<Body>>({ body: null, error: null });
  useEffect(() => {
    if (path === null) return undefined;
    const turn = new AbortController();
    const read = async (): Promise<void> => {
      const answer = await getJson<Body>(path, turn.signal);
      if (turn.signal.aborted) return;
      const refusal = answer.body ? null : errorTextOf(answer.status, answer.error);
      setReading((before) => ({ body: answer.body ?? before.body, error: refusal }));
    };
    void read();
    const timer = everyMs === undefined ? undefined : setInterval(() => void read(), everyMs);
    return () => {
      turn.abort();
      clearInterval(timer);
    };
  }, [path, everyMs, reread]);
  return reading;
}

function errorTextOf(status: number, error: string | null): string {
  if (status === 0) return 'The service did not answer.';
  if (status === 404) return 'This service does not have that.';
  return error ?? 'The service gave no answer that can be read.';
}
