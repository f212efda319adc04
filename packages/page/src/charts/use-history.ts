/** The history of a time span, polled while it is shown; a long span changes slowly and is polled seldom. */
import type { HistoryDocument } from 'portal-server/api';
import { useEffect, useState } from 'preact/hooks';
import { limitsOf, stepOf, type Span } from '../address.js';
import { getJson } from '../api/request.js';

export interface HistoryState {
  /** `null` until the first answer. */
  readonly history: HistoryDocument | null;
  readonly error: string | null;
}

const OFTEN_MS = 4_000;
const SELDOM_MS = 30_000;

export function useHistory(span: Span, nowMs: number): HistoryState {
  const [state, setState] = useState<HistoryState>({ history: null, error: null });
  const key = typeof span === 'string' ? span : `${span.fromMs}-${span.toMs}`;
  const aheadMs = nowMs - Date.now();
  useEffect(() => {
    const stop = new AbortController();
    const read = async (): Promise<void> => {
      const { fromMs, toMs } = limitsOf(span, Date.now() + aheadMs);
      const query = {
        from: new Date(fromMs).toISOString(),
        to: new Date(toMs).toISOString(),
        step: stepOf(span),
      };
      const { status, body, error } = await getJson('/v1/admin/history', { query, signal: stop.signal });
      if (stop.signal.aborted) return;
      const reason = body ? null : status === 404 ? 'This service keeps no history.' : error;
      setState((before) => ({ history: body ?? before.history, error: reason }));
    };
    void read();
    const timer = setInterval(() => void read(), span === '15m' ? OFTEN_MS : SELDOM_MS);
    return () => {
      stop.abort();
      clearInterval(timer);
    };
  }, [key]);
  return state;
}
