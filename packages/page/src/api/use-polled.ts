/** What a view polls while it is shown. The last document stays until the next one arrives. */
import type { ApiDocuments } from 'portal-server/api';
import { useEffect, useState } from 'preact/hooks';
import { startPolling } from './poll-loop.js';
import { getJson, fillPath, searchOf, type ApiPath, type Query } from './request.js';

export interface PolledData<Body> {
  readonly body: Body | null;
  /** Why there is nothing, or nothing new. */
  readonly error: string | null;
}

export interface PollOptions {
  readonly names?: Readonly<Record<string, string>>;
  readonly query?: Query;
  readonly everyMs: number;
  /** When this changes, the next request is sent at once. */
  readonly reread?: unknown;
}

export function usePolled<Path extends ApiPath>(
  path: Path,
  { names, query, everyMs, reread }: PollOptions,
): PolledData<ApiDocuments[Path]> {
  const [data, setData] = useState<PolledData<ApiDocuments[Path]>>({ body: null, error: null });
  useEffect(() => {
    return startPolling(async (signal) => {
      const response = await getJson(path, { ...(names && { names }), ...(query && { query }), signal });
      if (signal.aborted) return true;
      const error = response.body ? null : errorTextOf(response.status, response.error);
      setData((before) => ({ body: response.body ?? before.body, error }));
      return response.body !== null;
    }, everyMs);
  }, [fillPath(path, names), searchOf(query), everyMs, reread]);
  return data;
}

function errorTextOf(status: number, error: string | null): string {
  if (status === 0) return 'The service did not answer.';
  if (status === 404) return 'This service does not have that.';
  return error ?? 'The service sent no answer that can be read.';
}
