/** Everything that happened in a time, the latest first. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { limitsOf, type Navigation, type Span } from '../address.js';
import { useHistory } from '../charts/use-history.js';
import { Ranges } from '../charts/ranges.js';
import { Timeline } from '../charts/timeline.js';
import { getJson } from '../api/request.js';
import type { PageState } from '../api/live-connection.js';
import { usePolled } from '../api/use-polled.js';
import type { EventPageDocument, EventDocument } from 'portal-server/api';
import { createStore, type Pointed } from '../state-container.js';
import { EventList } from './event-list.js';

const LIMIT = 50;
const EVERY_MS = 15_000;

export interface UseEventsOptions {
  readonly eventCount: number;
  readonly span: Span;
  readonly nowMs: number;
  readonly limit: number;
}

/** The events of a time; the path changes by the minute only, so that a clock is no reason to ask. */
export function useEvents({ eventCount: happened, span, nowMs, limit }: UseEventsOptions) {
  const path = eventsPath(span, nowMs, limit);
  const { body, error: refusal } = usePolled<EventPageDocument>(path, {
    everyMs: EVERY_MS,
    reread: happened,
  });
  return { list: body?.events ?? null, next: body?.next ?? null, refusal, path };
}

export function EventsView({
  known,
  span,
  navigation,
  nowMs,
}: {
  readonly known: PageState;
  readonly span: Span;
  readonly navigation: Navigation;
  readonly nowMs: number;
}): JSX.Element {
  const [pointed] = useState(() => createStore<Pointed>({ atMs: null }));
  const history = useHistory(span, nowMs);
  const { list, next, refusal, path } = useEvents({
    eventCount: known.eventCount,
    span,
    nowMs,
    limit: LIMIT,
  });
  const [older, setOlder] = useState<{
    path: string;
    list: readonly EventDocument[];
    next: EventPageDocument['next'];
  }>();
  const isOlder = older?.path === path;
  const before = isOlder ? older.next : next;
  const more = async (): Promise<void> => {
    const { body } = await getJson<EventPageDocument>(`${path}&before=${before ?? ''}`);
    if (body) setOlder({ path, list: [...(isOlder ? older.list : []), ...body.events], next: body.next });
  };
  return (
    <section aria-labelledby="events">
      <div class="title">
        <h2 id="events">Events</h2>
        <Ranges span={span} navigation={navigation} nowMs={nowMs} />
      </div>
      <Timeline history={history} limits={limitsOf(span, nowMs)} pointed={pointed} nowMs={nowMs} />
      <EventList
        events={list && [...list, ...(isOlder ? older.list : [])]}
        error={refusal}
        nowMs={nowMs}
        pointed={pointed}
      />
      {before !== null && (
        <button type="button" onClick={() => void more()}>
          Older
        </button>
      )}
    </section>
  );
}

const MINUTE_MS = 60_000;

/** A range that moves on has no end, so that what happens now is in it at once. */
function eventsPath(span: Span, nowMs: number, limit: number): string {
  const { fromMs, toMs } = limitsOf(span, Math.floor(nowMs / MINUTE_MS) * MINUTE_MS);
  const from = new Date(fromMs).toISOString();
  const to = typeof span === 'string' ? '' : `&to=${new Date(toMs).toISOString()}`;
  return `/v1/admin/events?from=${from}${to}&limit=${limit}`;
}
