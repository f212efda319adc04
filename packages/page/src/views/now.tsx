/** The current state and what led to it: status history, both stores, the source, the last events, the charts. */
import type { JSX } from 'preact';
import type { FleetDocument } from 'portal-server/api';
import { useMemo, useState } from 'preact/hooks';
import type { Navigation, Span } from '../address.js';
import { limitsOf } from '../address.js';
import { Charts } from '../charts/charts.js';
import { useHistory } from '../charts/use-history.js';
import { incidentMarks, marksOf } from '../charts/marks.js';
import { Ranges } from '../charts/ranges.js';
import { Timeline } from '../charts/timeline.js';
import type { PageState } from '../api/page-state.js';
import { createStore, type Pointed } from '../state-container.js';
import { EventList } from './event-list.js';
import { useEvents } from '../api/use-events.js';
import { useIncidents } from '../api/use-incidents.js';
import { CacheCard, DatabaseCard } from './components.js';
import { IncidentLinks, openIncidentAt } from './incident-links.js';
import { lazyView } from './lazy-view.js';
import { OtherReasons } from './reasons.js';
import { SourceLine } from './source-line.js';

const HealthyTime = lazyView(async () => (await import('./healthy-time.js')).HealthyTimeSection);

/** Of this service in its own fleet. */
export const OWN_NAME = 'portal';

/** What flaps is one row: so more are asked for than are shown. */
const MOST_EVENTS = 20;
const MOST_ROWS = 6;

/** What is marked in the charts; more would be a fence. */
const OWN_KINDS = 'service,integrity';
const MOST_MARKS = 40;

export interface NowProps {
  readonly state: PageState;
  readonly fleet: FleetDocument | null;
  readonly span: Span;
  readonly navigation: Navigation;
  readonly nowMs: number;
}

export function Now({ state: known, fleet, span, navigation, nowMs }: NowProps): JSX.Element {
  const [pointed] = useState(() => createStore<Pointed>({ atMs: null }));
  const [areSeen, setSeen] = useState(false);
  const history = useHistory(span, nowMs, areSeen ? 'all' : 'none');
  const events = useEvents({ eventCount: known.eventCount, span, nowMs, limit: MOST_EVENTS });
  const own = useEvents({
    eventCount: known.ownEventCount,
    span,
    nowMs,
    limit: MOST_MARKS,
    kind: OWN_KINDS,
  });
  const incidents = useIncidents(OWN_NAME, fleet);
  const seen = { incidents, navigation };
  const marks = useMemo(
    () => [...marksOf(own.list ?? []), ...incidentMarks(incidents)],
    [own.list, incidents],
  );
  const limits = limitsOf(span, nowMs);
  const zoom = (fromMs: number, toMs: number): void => navigation.go({ span: { fromMs, toMs } });
  const press = (atMs: number): void => openIncidentAt(seen, atMs, limits, nowMs);
  const { snapshot } = known;
  const report = snapshot?.report ?? null;
  return (
    <>
      <OtherReasons snapshot={snapshot} nowMs={nowMs} />
      <section aria-labelledby="status-history">
        <div class="title">
          <h2 id="status-history">Status history</h2>
          <Ranges span={span} navigation={navigation} nowMs={nowMs} />
        </div>
        <Timeline history={history} limits={limits} pointed={pointed} nowMs={nowMs} press={press}>
          <IncidentLinks {...seen} frame={limits} nowMs={nowMs} />
        </Timeline>
      </section>
      <div class="two">
        <DatabaseCard
          report={report}
          component={snapshot?.parts['database']}
          waiting={snapshot?.pool_waiting}
          nowMs={nowMs}
        />
        <CacheCard report={report} component={snapshot?.parts['cache']} nowMs={nowMs} />
      </div>
      <SourceLine nowMs={nowMs} reread={known.ownEventCount} />
      <section aria-labelledby="events">
        <h2 id="events">Events</h2>
        <EventList
          events={events.list}
          error={events.error}
          nowMs={nowMs}
          pointed={pointed}
          most={MOST_ROWS}
          seen={seen}
        />
      </section>
      <Charts
        history={history}
        limits={limits}
        pointed={pointed}
        marks={marks}
        zoom={zoom}
        nowMs={nowMs}
        press={press}
        isWaiting={history.history === null || events.list === null}
        areSeen={areSeen}
        see={() => setSeen(true)}
      />
      <HealthyTime service={OWN_NAME} navigation={navigation} nowMs={nowMs} />
    </>
  );
}
