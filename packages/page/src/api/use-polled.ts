/** What a view polls while it is shown. The last document stays until the next one arrives. */
import type { ApiDocuments } from 'portal-server/api';
import { useEffect, useState } from 'preact/hooks';
import { MOMENTS } from '../copy/time.js';
import { keep, keptOf } from './kept.js';
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
  /** By which the answer is known again; default: path and query. For queries that change with the clock. */
  readonly keptAs?: string;
}

export function usePolled<Path extends ApiPath>(
  path: Path,
  { names, query, everyMs, reread, keptAs }: PollOptions,
): PolledData<ApiDocuments[Path]> {
  type Body = ApiDocuments[Path];
  const asked = fillPath(path, names) + searchOf(query);
  const name = keptAs ?? asked;
  const [data, setData] = useState<PolledData<Body>>(() => ({
    body: keptOf<Body>(name)?.value ?? null,
    error: null,
  }));
  useEffect(() => {
    return startPolling(async (signal) => {
      const response = await getJson(path, { ...(names && { names }), ...(query && { query }), signal });
      if (signal.aborted) return true;
      const error = response.body ? null : errorTextOf(response.status, response.error) + ageTextOf(name);
      if (response.body) keep(name, response.body);
      setData((before) => ({ body: response.body ?? before.body, error }));
      return response.body !== null;
    }, everyMs);
  }, [asked, everyMs, reread]);
  return data;
}

/** What is shown all the same says from when it is. */
function ageTextOf(name: string): string {
  const kept = keptOf(name);
  return kept ? ` This is from ${MOMENTS.local.moment(kept.atMs, Date.now())}.` : '';
}

function errorTextOf(status: number, error: string | null): string {
  if (status === 0) return 'The service did not answer.';
  if (status === 404) return 'This service does not have that.';
  return error ?? 'The service sent no answer that can be read.';
}
