/** The events of a time span, the latest first. */
import { limitsOf, type Span } from '../address.js';
import type { Query } from './request.js';
import { usePolled } from './use-polled.js';

const PATH = '/v1/admin/events';
/** The stream says when there is a new one; this is for those that came while there was no stream. */
const EVERY_MS = 60_000;

export interface UseEventsOptions {
  readonly eventCount: number;
  readonly span: Span;
  readonly nowMs: number;
  readonly limit: number;
  /** Only these, separated by commas. */
  readonly kind?: string;
}

/** The events of a time span. The query changes at most once a minute, so that the clock alone causes few requests. */
export function useEvents({ eventCount, span, nowMs, limit, kind }: UseEventsOptions) {
  const query = { ...queryOf(span, nowMs, limit), ...(kind !== undefined && { kind }) };
  const { body, error } = usePolled(PATH, {
    query,
    everyMs: EVERY_MS,
    reread: eventCount,
    // A range that ends now asks for another begin each minute.
    ...(typeof span === 'string' && { keptAs: `events ${span} ${limit} ${kind ?? ''}` }),
  });
  return { list: body?.events ?? null, next: body?.next ?? null, error, query };
}

const MINUTE_MS = 60_000;

/** A range that ends now is requested without an end, so that new events appear at once. */
function queryOf(span: Span, nowMs: number, limit: number): Query {
  const { fromMs, toMs } = limitsOf(span, Math.floor(nowMs / MINUTE_MS) * MINUTE_MS);
  const from = new Date(fromMs).toISOString();
  return typeof span === 'string' ? { from, limit } : { from, to: new Date(toMs).toISOString(), limit };
}
