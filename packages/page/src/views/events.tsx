/** The events of a time span, the latest first. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { ALL_INCIDENTS, limitsOf, type Navigation, type Span } from '../address.js';
import { useHistory } from '../charts/use-history.js';
import { Ranges } from '../charts/ranges.js';
import { Timeline } from '../charts/timeline.js';
import { getJson, searchOf } from '../api/request.js';
import type { PageState } from '../api/page-state.js';
import { useEvents } from '../api/use-events.js';
import { useIncidents } from '../api/use-incidents.js';
import type { EventPageDocument, EventDocument, FleetDocument } from 'portal-server/api';
import { createStore, type Pointed } from '../state-container.js';
import { EventList } from './event-list.js';
import { IncidentLinks, openIncidentAt } from './incident-links.js';
import { OWN_NAME } from './now.js';

const PATH = '/v1/admin/events';
const LIMIT = 50;

/** In the order of what is asked for most. */
const KINDS: Readonly<Record<EventDocument['kind'], string>> = {
  status: 'status',
  integrity: 'source',
  service: 'starts of the service',
  alert: 'alerts',
  reason: 'reasons',
  history: 'the history itself',
};

export function EventsView({
  known,
  fleet,
  span,
  kind: wanted,
  navigation,
  nowMs,
}: {
  readonly known: PageState;
  readonly fleet: FleetDocument | null;
  readonly span: Span;
  /** As the address has it; empty: all. */
  readonly kind: string;
  readonly navigation: Navigation;
  readonly nowMs: number;
}): JSX.Element {
  const kind = Object.hasOwn(KINDS, wanted) ? wanted : '';
  const [pointed] = useState(() => createStore<Pointed>({ atMs: null }));
  const history = useHistory(span, nowMs, 'none');
  const seen = { incidents: useIncidents(OWN_NAME, fleet), navigation };
  const { list, next, error, query } = useEvents({
    eventCount: known.eventCount,
    span,
    nowMs,
    limit: LIMIT,
    ...(kind !== '' && { kind }),
  });
  const limits = limitsOf(span, nowMs);
  const press = (atMs: number): void => openIncidentAt(seen, atMs, limits, nowMs);
  const [older, setOlder] = useState<{
    search: string;
    list: readonly EventDocument[];
    next: EventPageDocument['next'];
  }>();
  const search = searchOf(query);
  const isOlder = older?.search === search;
  const before = isOlder ? older.next : next;
  const more = async (): Promise<void> => {
    if (before === null) return;
    const { body } = await getJson(PATH, { query: { ...query, before } });
    if (body) setOlder({ search, list: [...(isOlder ? older.list : []), ...body.events], next: body.next });
  };
  return (
    <section aria-labelledby="events">
      <div class="title">
        <h2 id="events">Events</h2>
        <Ranges span={span} navigation={navigation} nowMs={nowMs} />
      </div>
      <Timeline history={history} limits={limits} pointed={pointed} nowMs={nowMs} press={press}>
        <IncidentLinks {...seen} frame={limits} nowMs={nowMs} />
      </Timeline>
      <form class="filter" role="search" onSubmit={(event) => event.preventDefault()}>
        <label>
          Kind
          <select
            value={kind}
            onChange={({ currentTarget }) =>
              navigation.replace({ filter: { ...ALL_INCIDENTS, kind: currentTarget.value } })
            }
          >
            <option value="">any</option>
            {Object.entries(KINDS).map(([name, words]) => (
              <option key={name} value={name}>
                {words}
              </option>
            ))}
          </select>
        </label>
      </form>
      <EventList
        events={list && [...list, ...(isOlder ? older.list : [])]}
        error={error}
        nowMs={nowMs}
        pointed={pointed}
        seen={seen}
      />
      {before !== null && (
        <button type="button" onClick={() => void more()}>
          Older
        </button>
      )}
    </section>
  );
}
