/**
 * The history of a time span while it is shown: all of it once, and then what is new. A span of more than a day changes
 * slowly and is asked for seldom. The figures are nine tenths of it, and are asked for by who sees them.
 */
import type { HistoryDocument } from 'portal-server/api';
import { useEffect, useState } from 'preact/hooks';
import { limitsOf, stepOf, type Span } from '../address.js';
import { startPolling } from '../api/poll-loop.js';
import { keep, keptOf } from '../api/kept.js';
import { getJson } from '../api/request.js';
import { mergeHistory, newFrom } from './merge-history.js';

export interface HistoryState {
  /** `null` until the first answer. */
  readonly history: HistoryDocument | null;
  readonly error: string | null;
}

export type FigureColumns = 'all' | 'none';

const OFTEN_MS = 10_000;
const SELDOM_MS = 60_000;
/** Of a bar: whoever opens a day in an outage waits for its bar no longer than in a quarter of an hour. */
const FINE_S = 120;

export function useHistory(span: Span, nowMs: number, figures: FigureColumns): HistoryState {
  const key = `history ${figures} ${typeof span === 'string' ? span : `${span.fromMs}-${span.toMs}`}`;
  const [state, setState] = useState<HistoryState>(() => ({
    history: keptOf<HistoryDocument>(key)?.value ?? null,
    error: null,
  }));
  const aheadMs = nowMs - Date.now();
  useEffect(() => {
    /** Of this span. */
    let known = keptOf<HistoryDocument>(key)?.value ?? null;
    if (known) setState({ history: known, error: null });
    return startPolling(
      async (signal) => {
        const { fromMs, toMs } = limitsOf(span, Date.now() + aheadMs);
        const { status, body, error } = await readHistory(span, {
          fromMs,
          toMs,
          figures,
          known,
          signal,
        });
        if (signal.aborted) return true;
        const reason = body ? null : status === 404 ? 'This service keeps no history.' : error;
        known = body ?? known;
        if (body) keep(key, body);
        setState((before) => ({ history: known ?? before.history, error: reason }));
        return body !== null;
      },
      stepOf(span) <= FINE_S ? OFTEN_MS : SELDOM_MS,
    );
  }, [key]);
  return state;
}

interface HistoryRequest {
  readonly fromMs: number;
  readonly toMs: number;
  readonly figures: FigureColumns;
  readonly known: HistoryDocument | null;
  readonly signal: AbortSignal;
}

async function readHistory(span: Span, { fromMs, toMs, figures, known, signal }: HistoryRequest) {
  const read = (startMs: number) =>
    getJson('/v1/admin/history', {
      query: {
        from: iso(startMs),
        ...(startMs !== fromMs && { totals_from: iso(fromMs) }),
        to: iso(toMs),
        step: stepOf(span),
        ...(figures === 'none' && { figures }),
      },
      signal,
    });
  const startMs = known && newFrom(known, fromMs);
  if (!known || startMs === null) return read(fromMs);
  const answer = await read(startMs);
  if (!answer.body) return answer;
  const body = mergeHistory(known, answer.body, fromMs);
  return body ? { ...answer, body } : read(fromMs);
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
