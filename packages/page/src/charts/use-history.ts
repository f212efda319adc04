/** The history of a time, read anew as time goes on; a wide view changes slowly and is asked for seldom. */
import { useEffect, useState } from 'preact/hooks';
import { limitsOf, stepOf, type Span } from '../address.js';
import { getJson } from '../api/request.js';
import type { HistoryDocument } from 'portal-server/api';

/** What is drawn: nothing yet, something, or the reason why there is nothing. */
export interface HistoryState {
  readonly history: HistoryDocument | null;
  readonly error: string | null;
}

const OFTEN_MS = 4_000;
const SELDOM_MS = 30_000;

export function useHistory(span: Span, nowMs: number): HistoryState {
  const [reading, setReading] = useState<HistoryState>({ history: null, error: null });
  const key = typeof span === 'string' ? span : `${span.fromMs}-${span.toMs}`;
  const aheadMs = nowMs - Date.now();
  useEffect(() => {
    const turn = new AbortController();
    const read = async (): Promise<void> => {
      const { fromMs, toMs } = limitsOf(span, Date.now() + aheadMs);
      const from = new Date(fromMs).toISOString();
      const to = new Date(toMs).toISOString();
      const path = `/v1/admin/history?from=${from}&to=${to}&step=${stepOf(span)}`;
      const { status, body, error } = await getJson<HistoryDocument>(path, turn.signal);
      if (turn.signal.aborted) return;
      const refusal = body ? null : status === 404 ? 'This service keeps no history.' : error;
      setReading((before) => ({ history: body ?? before.history, error: refusal }));
    };
    void read();
    const timer = setInterval(() => void read(), span === '15m' ? OFTEN_MS : SELDOM_MS);
    return () => {
      turn.abort();
      clearInterval(timer);
    };
  }, [key]);
  return reading;
}
